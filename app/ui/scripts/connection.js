// A page whose connection drops holds its work open again as soon as it can, and says so when that is gone.
//
// The server keeps a visit for as long as its page holds a stream open (the heartbeat), and a little longer. Gradio's
// page opens that stream once, and never again. So where it ends, this opens another. With the stream, and with the
// answer to each event, the server names the visit; another name than this page's, or none, means that what was open
// here is gone: nothing that is done in the page would reach it.
(() => {
  const HEADER = "glowface-visit";
  const EVERY = 1000; // milliseconds between two tries
  const plain = window.fetch.bind(window);
  let mine = null; // once the page has been told its key
  let leaving = false;

  const show = (name, on) => document.getElementById(name)?.classList.toggle("shown", on);
  const pause = () => new Promise((resolve) => setTimeout(resolve, EVERY));

  const look = (response) => {
    if (mine !== null && response.ok && response.headers.get(HEADER) !== mine) {
      mine = null; // told once; what the page may do next is its own
      show("connection-lost", false);
      show("visit-gone", true);
    }
  };

  const drained = async (body) => {
    const reader = body.getReader();
    while (!(await reader.read()).done);
  };

  // Holds the page's stream open until the page is left.
  const hold = async (address) => {
    while (!leaving) {
      try {
        const response = await plain(address, { cache: "no-store" });
        look(response);
        if (response.ok) {
          show("connection-lost", false);
          await drained(response.body);
        }
      } catch { /* no connection: tried again */ }
      if (leaving) return;
      show("connection-lost", true);
      await pause();
    }
  };

  // Gradio's page need not read its stream to the end, so that is read here too.
  const followed = (response, address, signal) => {
    const [theirs, ours] = response.body.tee();
    drained(ours).catch(() => {}).then(() => {
      if (leaving || signal?.aborted) return;
      show("connection-lost", true);
      hold(address);
    });
    const { status, statusText, headers } = response;
    return new Response(theirs, { status, statusText, headers });
  };

  window.fetch = async (resource, options) => {
    const response = await plain(resource, options);
    const address = new URL(resource.url ?? resource, location.href);
    if (address.pathname.endsWith("/queue/join")) look(response);
    if (!address.pathname.includes("/heartbeat/") || !response.ok || !response.body) return response;
    return followed(response, address, options?.signal);
  };

  const keepKey = window.glowface.keepKey;
  window.glowface.keepKey = (key) => {
    keepKey(key);
    mine = key.split(".")[0];
  };
  window.addEventListener("pagehide", () => { leaving = true; });
  window.addEventListener("pageshow", (event) => { if (event.persisted) { location.reload(); } });
})();
