/* Search in a page that was opened from disk: browsers refuse it a worker, so that a hidden frame stands for one.
   Material loads such a stand-in from the network otherwise. */
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = Object.assign(document.createElement("iframe"), { hidden: true, title: "search" });
      document.body.append(frame);
      const own = frame.contentWindow;
      own.document.open();
      own.document.write("<!doctype html><html><body></body></html>");
      own.document.close();
      own.postMessage = (data) => {
        const message = new MessageEvent("message", { data });
        this.dispatchEvent(message);
        if (this.onmessage) this.onmessage(message);
      };
      const load = (source) =>
        new Promise((done, failed) => {
          const script = own.document.createElement("script");
          Object.assign(script, { src: source, onload: done, onerror: failed });
          own.document.body.append(script);
        });
      own.importScripts = (...sources) => sources.reduce((before, one) => before.then(() => load(one)), Promise.resolve());
      this.ready = load(url);
      this.postMessage = (data) => this.ready.then(() => own.dispatchEvent(new own.MessageEvent("message", { data })));
      this.terminate = () => frame.remove();
    }
  };
}
