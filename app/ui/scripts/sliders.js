// Which sliders are shown: those that a search finds, and, if asked, only those that are moved; and their way to 0.
(() => {
  const EVERY = 300; // milliseconds; sliders also move without anybody typing, as by undo
  let opened = [];
  let timer = null;

  const wanted = () => {
    const words = document.querySelector("#find textarea, #find input")?.value.trim().toLowerCase() ?? "";
    return { words, changed: document.querySelector("#changed-only input")?.checked ?? false };
  };

  const update = () => {
    const panel = document.querySelector("#sliders");
    if (!panel) { return; }
    const { words, changed } = wanted();
    const looking = Boolean(words || changed);
    const groups = [...panel.querySelectorAll(".slider-group")];
    if (looking) {
      groups.forEach((group) => {
        const button = group.querySelector("button.label-wrap:not(.open)");
        if (button) { button.click(); opened.push(group); } // what was never open is not in the page yet
      });
    } else {
      opened.forEach((group) => group.querySelector("button.label-wrap.open")?.click());
      opened = [];
    }
    const fits = (slider) => {
      if (slider.contains(document.activeElement)) { return true; } // not from under the hand that moves it
      const title = slider.querySelector("label")?.textContent.toLowerCase() ?? "";
      return title.includes(words) && (!changed || Number(slider.querySelector("input[type=number]")?.value) !== 0);
    };
    let found = 0;
    const sort = (sliders) => sliders.filter((slider) => {
      const left = looking && !fits(slider);
      slider.classList.toggle("left-out", left);
      if (!left) { found += 1; }
      return !left;
    }).length;
    const all = "[id^=slider-], [id^=custom-]:not(#custom-note)";
    sort([...panel.querySelectorAll("#heroes [id^=slider-]")]);
    groups.forEach((group) => {
      const some = sort([...group.querySelectorAll(all)]);
      group.classList.toggle("left-out", looking && some === 0);
    });
    panel.classList.toggle("none-found", looking && found === 0);
    if (looking && timer === null) { timer = setInterval(update, EVERY); }
    if (!looking && timer !== null) { clearInterval(timer); timer = null; }
  };

  // Gradio's own button goes back to what a slider showed when it came into the page, which need not be 0.
  document.addEventListener("click", (event) => {
    const slider = event.target.closest?.("#sliders button.reset-button")?.closest(".block");
    const bar = slider?.querySelector("input[type=range]");
    if (!bar) { return; }
    event.stopPropagation();
    bar.value = 0;
    bar.dispatchEvent(new Event("input", { bubbles: true }));
  }, true);

  ["input", "change"].forEach((name) => document.addEventListener(name, (event) => {
    if (event.target.closest?.("#find, #changed-only")) { update(); }
  }));
})();
