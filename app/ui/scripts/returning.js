// A page that is loaded again gets its work back.
//
// The server gives each page a key. It lies in the tab's storage only while the page is away: a tab that is doubled
// has a copy of the storage, and must not take the work from the one that is still open.
(() => {
  const NAME = "glowface-visit";
  let key = null;
  window.glowface = {
    ...window.glowface,
    takeKey() {
      const found = sessionStorage.getItem(NAME);
      sessionStorage.removeItem(NAME);
      key = found; // until the server has answered: this page may be left before
      return found;
    },
    keepKey(given) { key = given; },
  };
  window.addEventListener("pagehide", () => { if (key) { sessionStorage.setItem(NAME, key); } });
  window.addEventListener("pageshow", (event) => { if (event.persisted) { sessionStorage.removeItem(NAME); } });
})();
