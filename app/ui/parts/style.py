"""How the tabs beside "Edit" look."""

from __future__ import annotations

TABS_CSS = """
/* As wide as it may be, however little is in it yet. */
.gradio-container, .gradio-container > main { width: 100% !important; }
/* A tab is as high as the window, whatever is in it yet: the page does not jump from one to another. */
.gradio-container [role=tabpanel] { min-height: calc(100vh - 216px); }
.hint p { margin: 0; font-size: .9rem; }

/* A label stands over its photo, not on it. */
.labels-over .block:has(> [data-testid=block-label]) { display: flex; flex-direction: column; }
.labels-over .block > [data-testid=block-label] {
  position: static; align-self: flex-start; border: 0; box-shadow: none;
}
.labels-over .block > .image-container { flex: 1; min-height: 0; height: auto; }
/* Pictures fill their place, however small they are. */
.large img { width: 100% !important; height: 100% !important; object-fit: contain !important; }
/* However narrow the page: Gradio gives a gallery's cells a least width, and some galleries a least height. */
.crops .grid-container, .strip .grid-container { gap: 4px !important; }
.crops .grid-container { grid-template-columns: repeat(4, minmax(0, 1fr)) !important; }
.strip .grid-container { grid-template-columns: repeat(5, minmax(0, 1fr)) !important; }
.crops .grid-container > *, .strip .grid-container > * {
  min-width: 0; width: 100%; height: auto; aspect-ratio: 1;
}
.crops .grid-wrap, .strip .grid-wrap { min-height: 0; max-height: none; }
.strip { aspect-ratio: 5 / 1.1; }
.strip .empty { min-height: 0 !important; height: 100%; }
#grid { min-height: min(72vh, 92vw); }
#grid .grid-wrap { max-height: none; }
#grid .grid-container {
  max-width: min(100%, 72vh); margin: 0 auto; grid-auto-rows: min-content; align-content: start;
}

.bar { min-height: 1.8rem; }
.working { display: flex; align-items: center; gap: .6rem; font-size: .9rem; overflow-wrap: anywhere; }
.working progress {
  flex: 1; min-width: 80px; height: 10px; appearance: none; border: 1px solid var(--neutral-500); border-radius: 5px;
  overflow: hidden; background: var(--background-fill-primary);
}
.working progress::-webkit-progress-bar { background: var(--background-fill-primary); }
.working progress::-webkit-progress-value { background: var(--color-accent); }
.working progress::-moz-progress-bar { background: var(--color-accent); }

/* The chosen format stands beside the arrow, not under it. */
[id^="file-type-"] input { font-size: .8rem; padding: 0 16px 0 0; }
[id^="file-type-"] .wrap-inner { padding-left: 4px; padding-right: 4px; }
#blend-photos { flex-direction: column; flex-wrap: nowrap; }
#blend-photos > * { width: 100%; }
#kept-scales .wrap { flex-direction: column; }
#batch-results { max-height: 40vh; overflow-y: auto; }
#batch-results ul { list-style: none; margin: 0; padding: 0; font-size: .9rem; }
#batch-results li { padding: 3px 0; overflow-wrap: anywhere; }
#batch-results .done b::before { content: "✓ "; }
#batch-results .failed b::before { content: "✗ "; }
#about table { display: table; width: 100%; }
#about thead { display: none; }
#about h3 { margin: .4rem 0; }
@media (max-width: 900px) {
  #blend-photos { flex-direction: row; align-items: flex-start; }
  #blend-photos .photo-field { min-width: 0 !important; }
  /* The photo's buttons stand on it and not on its label, beside which there is no room for them. */
  #blend-photos .top-panel { top: 30px; }
  /* To mark a face, its picture has to be large. */
  #blend-photos:has(.label-wrap.open) { flex-direction: column; }
  /* A title of two lines makes its turned arrow no wider than it is. */
  #blend-photos .label-wrap .icon { align-self: center; }
  #blend { height: min(60vh, 92vw) !important; }
}
/* All tabs side by side on a phone. */
@media (max-width: 480px) { .tab-container button { padding: 0 8px !important; } }
"""
