// Why an upload is refused is said in the server's own words.
//
// Gradio's page would put "HTTP 507: " or the like before them, which helps nobody. What fails while it reads the answer
// it shows as it is.
(() => {
  const plain = window.fetch.bind(window);

  window.fetch = async (resource, options) => {
    const response = await plain(resource, options);
    const { pathname } = new URL(resource.url ?? resource, location.href);
    if (response.ok || !pathname.endsWith("/gradio_api/upload")) return response;
    const words = await response.text();
    return { ok: true, json: () => Promise.reject(new Error(words)) };
  };
})();
