// Puts a query behind the page's path without a step in the history.
export default function ({ data }) {
  const query = data.query ? `?${data.query}` : "";
  if (location.search !== query) history.replaceState(history.state, "", location.pathname + query + location.hash);
}
