/* What scrolls can be reached by the keyboard. */
document.addEventListener("DOMContentLoaded", () => {
  const reach = () => {
    for (const one of document.querySelectorAll(".md-typeset__scrollwrap, .md-typeset pre > code")) one.tabIndex = 0;
  };
  reach();
  new MutationObserver(reach).observe(document.body, { childList: true, subtree: true });
});
