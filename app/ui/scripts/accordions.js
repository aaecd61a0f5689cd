// What an accordion has shown is brought into sight: the last ones open under the lower end of the window.
document.addEventListener("click", (event) => {
  const button = event.isTrusted ? event.target.closest?.("button.label-wrap:not(.open)") : null;
  if (!button) { return; }
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  // What was never open comes into the page only now.
  setTimeout(() => button.closest(".block")?.scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" }), 150);
}, true);
