"use strict";
// Draws the figures of #figures in the colours of the reader's light or dark scheme, and in light ones for paper.
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 640px)");
  const palettes = {
    light: {
      blue: "#2f6d94", amber: "#d9963a", green: "#4d8c64", violet: "#7b68a6", rose: "#b8607a", slate: "#64748b",
      idle: "#e4e8ea", bad: "#b4483c", ink: "#20262e", muted: "#6a727d", grid: "#e9e6e0", paper: "#ffffff",
    },
    dark: {
      blue: "#6fb1d8", amber: "#e3ad5c", green: "#7fbf95", violet: "#ab9ad6", rose: "#dc8fa5", slate: "#9aa8ba",
      idle: "#333b45", bad: "#e58274", ink: "#e7e9ec", muted: "#9aa3ae", grid: "#2b323b", paper: "#1a1f26",
    },
  };

  const colour = (palette, token) => {
    const [name, alpha] = token.slice(1).split("/");
    const hex = palette[name];
    if (alpha === undefined) return hex;
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    return `rgba(${r}, ${g}, ${b}, ${alpha})`;
  };

  // Only the values of colour keys are tokens: a campaign may well be called "@blue".
  const isColour = (key) => key === "color" || key === "fillcolor" || key.endsWith("linecolor");
  const coloured = (palette, value, key = "") => {
    if (typeof value === "string") return isColour(key) && value[0] === "@" ? colour(palette, value) : value;
    if (Array.isArray(value)) return typeof value[0] === "object" ? value.map((v) => coloured(palette, v)) : value;
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, coloured(palette, v, k)]));
  };

  const layoutFor = (palette, figure, width) => {
    const axis = {
      gridcolor: palette.grid, linecolor: palette.grid, tickcolor: palette.grid, automargin: true,
      tickfont: { color: palette.muted, size: 12 },
    };
    const own = coloured(palette, figure.layout);
    // Long labels beside the plot would leave no room for it on a narrow screen: there they stand above their line.
    const labelsInside = own.yaxis.type === "category" && narrow.matches && width === undefined;
    if (labelsInside) {
      own.yaxis.showticklabels = false;
      own.annotations = figure.traces[0].y.map((text) => ({
        text, y: text, yshift: 9, xref: "paper", x: 0, xanchor: "left", showarrow: false,
        font: { color: palette.muted, size: 11 },
      }));
    }
    const titled = (ownAxis) => ({ ...axis, ...ownAxis, title: { ...ownAxis.title, font: { color: palette.muted, size: 12 } } });
    return {
      ...own,
      height: figure.height,
      width,
      autosize: width === undefined,
      margin: { l: labelsInside ? 12 : 56, r: 12, t: 8, b: 40 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: palette.ink },
      hoverlabel: { bgcolor: palette.paper, bordercolor: palette.grid, font: { color: palette.ink } },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { color: palette.ink, size: 12 } },
      showlegend: figure.traces.filter((trace) => trace.showlegend !== false).length > 1,
      xaxis: titled(own.xaxis),
      yaxis: titled(own.yaxis),
    };
  };

  // An A4 page between its margins, in CSS pixels; plots can't be asked to fit a page that is not laid out yet.
  const printedWidth = 650;
  const config = { responsive: true, displaylogo: false, displayModeBar: false, showTips: false };
  const draw = (palette, width) =>
    Promise.all(figures.map((figure) =>
      Plotly.react(
        document.getElementById(`plot-${figure.key}`),
        coloured(palette, figure.traces),
        layoutFor(palette, figure, width),
        config,
      )));
  const drawForScreen = () => draw(dark.matches ? palettes.dark : palettes.light);

  drawForScreen().then(() => { document.documentElement.dataset.plots = "drawn"; });
  dark.addEventListener("change", drawForScreen);
  narrow.addEventListener("change", drawForScreen);
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details[data-print]")) details.open = true;
    draw(palettes.light, printedWidth);
  });
  window.addEventListener("afterprint", drawForScreen);
})();
