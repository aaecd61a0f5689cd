// A page whose connection drops holds its work open again as soon as it can, and says so when that is gone.
//
// The server keeps a visit for as long as its page holds a stream open (the heartbeat), and a little longer. Gradio's
// page opens that stream once, and never again. So this asks every few seconds how things stand: where no stream is
// held any more, it opens another. The answer names the visit; another name than this page's, or none, means that what
// was open here is gone: nothing that is done in the page would reach it.
(() => {
  const HEADER = "glowface-visit";
  const API = "/gradio_api";
  const EVERY = 3000; // milliseconds between two questions
  const plain = window.fetch.bind(window);
  let tab = null; // as Gradio calls this page
  let mine = null; // the visit's name, once the page has been told its key
  let streaming = false;

  const show = (name, on) => document.getElementById(name)?.classList.toggle("shown", on);

  const openStream = async () => {
    streaming = true;
    try {
      const reader = (await plain(`${API}/heartbeat/${tab}`, { cache: "no-store" })).body.getReader();
      while (!(await reader.read()).done);
    } catch { /* opened again after the next question */ }
    streaming = false;
  };

  const ask = async () => {
    if (tab === null || mine === null) return;
    try {
      const response = await plain(`${API}/app_id?session_hash=${tab}`, { cache: "no-store" });
      const [name, held] = (response.headers.get(HEADER) ?? "").split(" ");
      show("connection-lost", false);
      if (name !== mine) {
        mine = null; // told once; what the page may do next is its own
        show("visit-gone", true);
      } else if (held !== "held" && !streaming) {
        openStream();
      }
    } catch {
      show("connection-lost", true);
    }
  };

  window.fetch = (resource, options) => {
    const address = new URL(resource.url ?? resource, location.href);
    if (address.pathname.endsWith("/queue/data")) tab = address.searchParams.get("session_hash");
    return plain(resource, options);
  };

  const keepKey = window.glowface.keepKey;
  window.glowface.keepKey = (key) => {
    keepKey(key);
    mine = key.split(".")[0];
  };
  setInterval(ask, EVERY);
})();
