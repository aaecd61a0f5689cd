// What hands do beside clicking, in the tab "Edit": hold to compare, undo and redo by keys, paste a picture.
(() => {
  const HOLD_KEY = "b";
  const here = () => document.querySelector("#stage")?.offsetParent != null;
  const typing = (target) => target?.isContentEditable || target?.tagName === "TEXTAREA"
    || (target?.tagName === "INPUT" && !["range", "checkbox", "radio", "button", "file"].includes(target.type));
  const hold = (on) => document.querySelector("#compare")?.classList.toggle("before", on);
  const onHold = (event) => event.target.closest?.("#hold");

  document.addEventListener("pointerdown", (event) => { if (onHold(event)) { hold(true); } });
  ["pointerup", "pointercancel"].forEach((name) => document.addEventListener(name, () => hold(false)));
  window.addEventListener("blur", () => hold(false));
  document.addEventListener("contextmenu", (event) => { if (onHold(event)) { event.preventDefault(); } });

  document.addEventListener("keydown", (event) => {
    // A number that was entered is done with: the next key is no longer for its field.
    if (event.key === "Enter" && event.target.matches?.("#sliders input[type=number]")) {
      setTimeout(() => event.target.blur());
    }
    if (!here() || typing(event.target)) { return; }
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      const act = key === "z" ? (event.shiftKey ? "#redo" : "#undo") : key === "y" ? "#redo" : null;
      const button = act && document.querySelector(act);
      if (button) {
        event.preventDefault();
        if (!button.disabled) { button.click(); }
      }
    } else if (key === HOLD_KEY || ((key === " " || key === "enter") && onHold(event))) {
      hold(true);
    }
  });
  document.addEventListener("keyup", () => hold(false));

  document.addEventListener("paste", (event) => {
    if (!here() || typing(event.target)) { return; }
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    const field = document.querySelector("#another input[type=file]");
    if (!file || !field) { return; }
    event.preventDefault();
    const files = new DataTransfer();
    files.items.add(file);
    field.files = files.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
