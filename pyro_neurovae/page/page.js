"use strict";
// Tables sort by their headings, filter by words and download as CSV; the page reads well without any of it.
document.documentElement.classList.add("scripted");
for (const box of document.querySelectorAll(".data")) {
  const data = JSON.parse(box.querySelector("script").textContent);
  const body = box.querySelector("tbody"), more = box.querySelector(".more"), count = box.querySelector(".count");
  const heads = [...box.querySelectorAll("thead th")], download = box.querySelector(".download");
  const step = 80;
  let rows = data.rows, limit = step, sorted = -1, turned = false;
  const rises = (place) => ["p", "q", "q_value", "local_false_sign_rate"].includes(data.columns[place]);
  const text = (cell) => (cell === null ? "" : String(cell));
  // More than the draws behind a probability can tell is not shown.
  const bounded = (value, draws) => {
    const digits = Math.max(1, Math.floor(Math.log10(draws))), least = 10 ** -digits;
    const word = (number, places = digits) => number.toFixed(places).replace(/^0/, "");
    if (value >= 1 - least / 2) return `> ${word(1 - least)}`;
    return value < least / 2 ? `< ${word(least)}` : word(value, Math.min(digits, 3));
  };
  const shown = (cell, place) => {
    if (cell === null || !data.numeric[place]) return text(cell);
    if (data.least[place] && cell <= data.least[place][0]) return data.least[place][1];
    return data.draws[place] ? bounded(cell, data.draws[place]) : Number(cell).toFixed(data.places[place]);
  };
  const draw = () => {
    body.replaceChildren(...rows.slice(0, limit).map((row) => {
      const line = document.createElement("tr");
      row.forEach((cell, place) => {
        const field = document.createElement(place ? "td" : "th");
        if (!place) field.scope = "row";
        field.textContent = shown(cell, place);
        if (data.kinds[place] && place) field.className = data.kinds[place];
        line.append(field);
      });
      return line;
    }));
    more.hidden = rows.length <= limit;
    count.textContent = `${Math.min(limit, rows.length)} of ${rows.length} rows`;
    download.textContent = rows.length < data.rows.length ? `Download these ${rows.length} rows as CSV` : "Download CSV";
  };
  const arrange = () => {
    const words = box.querySelector("input").value.trim().toLowerCase().split(/\s+/);
    rows = data.rows.filter((row) => {
      const line = row.map(text).join("\n").toLowerCase();
      return words.every((word) => line.includes(word));
    });
    if (sorted >= 0) {
      // Numbers begin with the strongest: the largest, whatever their sign, or the least of error rates; texts with A.
      const strongest = (p, q) => Math.abs(q) - Math.abs(p) || p - q;
      const compare = !data.numeric[sorted] ? (p, q) => p.localeCompare(q) : rises(sorted) ? (p, q) => p - q : strongest;
      rows = [...rows].sort((a, b) => {
        const [p, q] = [a[sorted], b[sorted]];
        if (p === null || q === null) return (p === null) - (q === null);
        return turned ? compare(q, p) : compare(p, q);
      });
    }
    draw();
  };
  heads.forEach((head, place) => head.querySelector("button").addEventListener("click", () => {
    turned = sorted === place ? !turned : false;
    sorted = place;
    const falls = (data.numeric[place] && !rises(place)) !== turned;
    heads.forEach((other, at) => other.setAttribute("aria-sort", at !== place ? "none" : falls ? "descending" : "ascending"));
    arrange();
  }));
  box.querySelector("input").addEventListener("input", () => { limit = step; arrange(); });
  more.addEventListener("click", () => { limit += 200; draw(); });
  const columns = box.querySelector(".columns");
  if (columns) columns.addEventListener("click", () => {
    const all = box.classList.toggle("all");
    columns.setAttribute("aria-pressed", String(all));
  });
  download.addEventListener("click", () => {
    // An apostrophe keeps spreadsheets from taking text for a formula; numbers stay as they are.
    const guard = (word) => (/^'*[=+\-@\t\r]./.test(word) && Number.isNaN(Number(word)) ? `'${word}` : word);
    const quote = (cell) => {
      const word = guard(text(cell));
      return /[",\r\n]/.test(word) ? `"${word.replaceAll('"', '""')}"` : word;
    };
    const csv = [data.columns, ...rows].map((row) => row.map(quote).join(",")).join("\n") + "\n";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
    link.download = box.dataset.name;
    link.click();
    URL.revokeObjectURL(link.href);
  });
  draw();
}
// Pictures that wait behind a line are printed too.
window.addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details")) if (one.querySelector("img")) one.open = true;
});
