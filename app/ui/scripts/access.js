// What Gradio's markup keeps from people who do not see the page, or who do not read English.
//
// Its pictures have no alternative text: they get the label of the block that they stand in, with a number where it
// shows several. An empty picture carries a label without a role that may have one. Over
// its notes stands what kind they are, in English: they get the page's words.
{
    const named = (block) => {
        const label = block.querySelector("[data-testid=block-label], [data-testid=block-info], .label-wrap");
        return (label?.textContent || block.getAttribute("aria-label") || "").trim();
    };

    const entitle = () => {
        const titles = document.getElementById("note-titles")?.dataset ?? {};
        for (const title of document.querySelectorAll(".toast-title")) {
            const text = [...title.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
            const word = titles[text?.data.trim().toLowerCase()];
            if (word && word !== text.data.trim()) {
                text.data = `${word} `;
            }
        }
    };

    const mend = () => {
        entitle();
        for (const empty of document.querySelectorAll(".empty[aria-label]:not([role])")) {
            empty.setAttribute("role", "img");
        }
        for (const block of document.querySelectorAll(".block:has(img)")) {
            const name = named(block);
            const pictures = [...block.querySelectorAll("img")].filter((picture) => picture.closest(".block") === block);
            for (const [place, picture] of pictures.entries()) {
                const text = name === ""
                    ? picture.closest("button")?.getAttribute("aria-label") ?? ""
                    : pictures.length > 1 ? `${name} ${place + 1}` : name;
                const ours = picture.alt === "" || "named" in picture.dataset;
                if (text !== "" && ours && picture.alt !== text) {
                    picture.alt = text;
                    picture.dataset.named = "";
                }
            }
        }
    };

    let asked = false;
    const soon = () => {
        if (!asked) {
            asked = true;
            requestAnimationFrame(() => {
                asked = false;
                mend();
            });
        }
    };
    new MutationObserver(soon).observe(document, { childList: true, subtree: true, characterData: true });
}
