"use strict";
// Tables sort by their headings, filter by a word and download as CSV; the page reads well without any of it.
for (const box of document.querySelectorAll(".data")) {
  const data = JSON.parse(box.querySelector("script").textContent);
  const body = box.querySelector("tbody"), more = box.querySelector(".more"), count = box.querySelector(".count");
  const heads = [...box.querySelectorAll("th")];
  const step = 40;
  let rows = data.rows, limit = step, sorted = -1, falling = false;
  const text = (cell) => (cell === null ? "" : String(cell));
  const draw = () => {
    body.replaceChildren(...rows.slice(0, limit).map((row) => {
      const line = document.createElement("tr");
      row.forEach((cell, place) => {
        const field = line.insertCell();
        field.textContent = data.numeric[place] && cell !== null ? String(Number(Number(cell).toPrecision(3))) : text(cell);
        if (data.numeric[place]) field.className = "number";
      });
      return line;
    }));
    more.hidden = rows.length <= limit;
    count.textContent = `${Math.min(limit, rows.length)} of ${rows.length} rows`;
  };
  const arrange = () => {
    const word = box.querySelector("input").value.trim().toLowerCase();
    rows = data.rows.filter((row) => !word || row.some((cell) => text(cell).toLowerCase().includes(word)));
    if (sorted >= 0) {
      const sign = falling ? -1 : 1, number = data.numeric[sorted];
      rows = [...rows].sort((a, b) => {
        const [p, q] = [a[sorted], b[sorted]];
        if (p === null || q === null) return (p === null) - (q === null);
        return sign * (number ? p - q : String(p).localeCompare(String(q)));
      });
    }
    draw();
  };
  heads.forEach((head, place) => head.querySelector("button").addEventListener("click", () => {
    falling = sorted === place ? !falling : false;
    sorted = place;
    heads.forEach((other, at) => other.setAttribute("aria-sort", at !== place ? "none" : falling ? "descending" : "ascending"));
    arrange();
  }));
  box.querySelector("input").addEventListener("input", () => { limit = step; arrange(); });
  more.addEventListener("click", () => { limit += 200; draw(); });
  box.querySelector(".download").addEventListener("click", () => {
    // An apostrophe keeps spreadsheets from taking text for a formula; numbers stay as they are.
    const guard = (word) => (/^'*[=+\-@\t\r]./.test(word) && Number.isNaN(Number(word)) ? `'${word}` : word);
    const quote = (cell) => {
      const word = guard(text(cell));
      return /[",\r\n]/.test(word) ? `"${word.replaceAll('"', '""')}"` : word;
    };
    const csv = [data.columns, ...data.rows].map((row) => row.map(quote).join(",")).join("\n") + "\n";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
    link.download = box.dataset.name;
    link.click();
    URL.revokeObjectURL(link.href);
  });
  draw();
}
