// No event may be lost between two streams.
//
// Gradio's page reads what becomes of its events from one stream, which the server ends when no event is left; the
// page opens another with the next event it sends. Where the end of a stream is still on its way when the answer to
// the next event is already here, the page takes the old stream for open, opens none, and waits for ever. So each
// answer tells how many streams had ended by then, and it is kept back until the page has seen as many ends.
(() => {
  const HEADER = "glowface-streams-ended";
  const LONGEST = 5000; // milliseconds; a connection that has died tells the page of no end
  const plain = window.fetch.bind(window);
  let ended = 0;
  let waiting = [];

  // A turn later, when the page has read what came last.
  const end = () => setTimeout(() => {
    ended += 1;
    waiting.forEach((look) => look());
  });

  const counted = (response) => {
    const reader = response.body.getReader();
    let open = true;
    const over = () => { if (open) { open = false; end(); } };
    const body = new ReadableStream({
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) { controller.enqueue(value); return; }
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        over();
      },
      async cancel(reason) { over(); await reader.cancel(reason); },
    });
    const { status, statusText, headers } = response;
    return new Response(body, { status, statusText, headers });
  };

  const seen = (count) => new Promise((resolve) => {
    const look = () => {
      if (ended < count) return;
      clearTimeout(timer);
      waiting = waiting.filter((other) => other !== look);
      resolve();
    };
    const timer = setTimeout(() => { ended = count; look(); }, LONGEST);
    waiting.push(look);
    look();
  });

  window.fetch = async (resource, options) => {
    const response = await plain(resource, options);
    const { pathname } = new URL(resource.url ?? resource, location.href);
    if (pathname.endsWith("/queue/data")) return response.ok && response.body ? counted(response) : response;
    if (pathname.endsWith("/queue/join")) await seen(Number(response.headers.get(HEADER) ?? 0));
    return response;
  };
})();
