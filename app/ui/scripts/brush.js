// Strokes on the picture of the brush: shown as they are made, and handed to the page when the hand is lifted.
(() => {
  let places = null;
  let canvas = null;

  // Where the picture itself is within its element, which it fills in one direction only.
  const shown = (image) => {
    const box = image.getBoundingClientRect();
    const scale = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
    const width = image.naturalWidth * scale;
    const height = image.naturalHeight * scale;
    return { left: box.left + (box.width - width) / 2, top: box.top + (box.height - height) / 2, width, height };
  };

  const add = (event) => {
    const picture = shown(document.querySelector("#brush-picture img"));
    places.push([(event.clientX - picture.left) / picture.width, (event.clientY - picture.top) / picture.height]);
    const pen = canvas.getContext("2d");
    pen.lineTo(event.clientX - picture.left, event.clientY - picture.top);
    pen.stroke();
  };

  document.addEventListener("pointerdown", (event) => {
    const image = event.target.closest?.("#brush-picture")?.querySelector("img");
    if (!image || !image.naturalWidth) { return; }
    event.preventDefault();
    const picture = shown(image);
    canvas = document.createElement("canvas");
    canvas.width = picture.width;
    canvas.height = picture.height;
    Object.assign(canvas.style, {
      position: "fixed", left: `${picture.left}px`, top: `${picture.top}px`, zIndex: 60, pointerEvents: "none",
    });
    document.querySelector("#brush-picture").append(canvas);
    Object.assign(canvas.getContext("2d"), { lineWidth: 6, lineCap: "round", strokeStyle: "white" });
    places = [];
    add(event);
  });
  document.addEventListener("pointermove", (event) => { if (places) { add(event); } });
  ["pointerup", "pointercancel"].forEach((name) => document.addEventListener(name, () => {
    if (!places) { return; }
    const field = document.querySelector("#brush-stroke textarea, #brush-stroke input");
    field.value = JSON.stringify(places.map((place) => place.map((share) => Number(share.toFixed(4)))));
    field.dispatchEvent(new Event("input", { bubbles: true }));
    places = null;
    const done = canvas;
    setTimeout(() => done.remove(), 300);
  }));
})();
