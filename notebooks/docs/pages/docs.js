/* What scrolls can be reached by the keyboard. */
document.addEventListener("DOMContentLoaded", () => {
  const reach = () => {
    const scrolling = ".md-typeset__scrollwrap, .md-typeset pre > code, math[display='block']";
    for (const one of document.querySelectorAll(scrolling)) one.setAttribute("tabindex", "0");
  };
  reach();
  new MutationObserver(reach).observe(document.body, { childList: true, subtree: true });
});
