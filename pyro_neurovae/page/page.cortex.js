// A cortex to turn: regions coloured by what is chosen, pale where the probability is not reached.
function turnCortex(box) {
  const data = JSON.parse(box.querySelector("script").textContent);
  const canvas = box.querySelector(".cortex");
  const gl = canvas.getContext("webgl", { antialias: true });
  if (!gl) return;
  const of = (name) => box.querySelector(`[data-of="${name}"]`);
  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)).buffer;
  const PALE = [0.93, 0.92, 0.9], MISSING = [0.66, 0.66, 0.66], OUTSIDE = [0.86, 0.86, 0.86];
  const LEFT = data.left, NONE = data.regions.length;
  let places = 3; // decimals: three digits of the largest effect
  const number = (value, digits = places) => (value === 0 ? "0" : value.toFixed(digits).replace("-", "\u2212"));

  // The mesh: every triangle with corners of its own, so that its region's colour ends where it does.
  const smoothNormals = (corner, triangle) => {
    const normal = new Float32Array(corner.length);
    for (let t = 0; t < triangle.length; t += 3) {
      const [a, b, c] = [3 * triangle[t], 3 * triangle[t + 1], 3 * triangle[t + 2]];
      const [ux, uy, uz] = [0, 1, 2].map((k) => corner[b + k] - corner[a + k]);
      const [vx, vy, vz] = [0, 1, 2].map((k) => corner[c + k] - corner[a + k]);
      const cross = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
      for (const at of [a, b, c]) for (let k = 0; k < 3; k++) normal[at + k] += cross[k];
    }
    return normal;
  };
  const fill = (values) => {
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(values), gl.STATIC_DRAW);
    return buffer;
  };
  const outwards = data.regions.map(() => [0, 0, 0]);
  const sides = Object.entries(data.mesh).map(([side, mesh]) => {
    const corner = Float32Array.from(new Int16Array(bytes(mesh.corners)), (value) => value * data.step);
    const triangle = new Uint16Array(bytes(mesh.triangles)), border = new Uint16Array(bytes(mesh.borders));
    const region = new Uint8Array(bytes(mesh.region)), depth = new Uint8Array(bytes(mesh.depth));
    const normal = smoothNormals(corner, triangle), first = side === "left" ? 0 : LEFT;
    const own = side === "left" ? LEFT : NONE - LEFT; // what lies outside them has the next number
    const spread = (from, places) => {
      const out = new Float32Array(3 * places.length);
      places.forEach((place, at) => out.set(from.subarray(3 * place, 3 * place + 3), 3 * at));
      return out;
    };
    const marks = new Float32Array(2 * triangle.length);
    for (let at = 0; at < triangle.length; at++) {
      const t = Math.floor(at / 3);
      if (region[t] < own) for (let k = 0; k < 3; k++) outwards[first + region[t]][k] += normal[3 * triangle[at] + k];
      marks[2 * at] = region[t] === own ? NONE : first + region[t];
      marks[2 * at + 1] = depth[t] / 255;
    }
    return {
      side, count: triangle.length, lines: border.length, paint: gl.createBuffer(),
      of: Uint16Array.from(triangle, (corner, at) => marks[2 * at]),
      place: fill(spread(corner, triangle)), normal: fill(spread(normal, triangle)), marks: fill(marks),
      border: fill(spread(corner, border)),
    };
  });

  // Lit from above and from the reader; `pick` paints the region's number instead.
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, `
    attribute vec3 place; attribute vec3 normal; attribute vec2 marks;
    attribute vec3 paint;
    uniform mat3 turn; uniform vec2 size; uniform float nearer;
    varying vec3 colour; varying float region; varying float light;
    void main() {
      vec3 at = turn * (place - vec3(0.0, -18.0, 16.0));
      gl_Position = vec4(at.xy / size, -(at.z + nearer) / 200.0, 1.0);
      region = marks.x;
      colour = paint;
      vec3 n = turn * normalize(normal);
      light = (0.8 + 0.2 * clamp(dot(n, normalize(vec3(0.0, 0.7, 1.0))), 0.0, 1.0)) * (1.0 - 0.1 * marks.y);
    }`], [gl.FRAGMENT_SHADER, `
    precision mediump float;
    uniform float mode; uniform float chosen;
    varying vec3 colour; varying float region; varying float light;
    void main() {
      float own = floor(region + 0.5);
      if (mode > 1.5) { gl_FragColor = vec4(0.2, 0.2, 0.2, 1.0); return; }
      if (mode > 0.5) { gl_FragColor = vec4(mod(own + 1.0, 256.0) / 255.0, floor((own + 1.0) / 256.0) / 255.0, 0.0, 1.0); return; }
      float stripe = abs(own - chosen) < 0.5 && mod(gl_FragCoord.x + gl_FragCoord.y, 9.0) < 2.5 ? 0.55 : 1.0;
      gl_FragColor = vec4(colour * light * stripe, 1.0);
    }`]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return;
  gl.useProgram(program);
  gl.enable(gl.DEPTH_TEST);
  const uniform = (name) => gl.getUniformLocation(program, name);
  const feed = (name, buffer, width) => {
    const at = gl.getAttribLocation(program, name);
    if (buffer === null) return gl.disableVertexAttribArray(at);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, width, gl.FLOAT, false, 0, 0);
  };

  // Where the reader stands, in degrees, and which sides are there.
  const VIEWS = {
    "left outer": [180, 0, ["left"]], "left inner": [0, 0, ["left"]], "right inner": [180, 0, ["right"]],
    "right outer": [0, 0, ["right"]], top: [-90, 90, ["left", "right"], 0.8], bottom: [-90, -90, ["left", "right"], 0.8],
    front: [90, 0, ["left", "right"]], back: [-90, 0, ["left", "right"]],
  };
  const eye = { around: 150, up: 20, zoom: 1, sides: ["left", "right"] };
  let chosen = -1;
  const paint = (mode) => {
    const [a, p] = [eye.around * Math.PI / 180, eye.up * Math.PI / 180];
    const right = [-Math.sin(a), Math.cos(a), 0], to = [Math.cos(p) * Math.cos(a), Math.cos(p) * Math.sin(a), Math.sin(p)];
    const up = [to[1] * right[2] - to[2] * right[1], to[2] * right[0] - to[0] * right[2], to[0] * right[1] - to[1] * right[0]];
    const half = 78 / eye.zoom * Math.max(1, 1.25 * canvas.height / canvas.width);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.uniformMatrix3fv(uniform("turn"), false, [0, 1, 2].flatMap((k) => [right[k], up[k], to[k]]));
    gl.uniform2f(uniform("size"), half * canvas.width / canvas.height, half);
    gl.uniform1f(uniform("chosen"), chosen);
    for (const one of sides.filter((each) => eye.sides.includes(each.side))) {
      gl.uniform1f(uniform("mode"), mode);
      gl.uniform1f(uniform("nearer"), 0);
      feed("place", one.place, 3);
      feed("normal", one.normal, 3);
      feed("marks", one.marks, 2);
      feed("paint", one.paint, 3);
      gl.drawArrays(gl.TRIANGLES, 0, one.count);
      if (mode) continue;
      gl.uniform1f(uniform("mode"), 2);
      gl.uniform1f(uniform("nearer"), 0.8);
      feed("place", one.border, 3);
      feed("normal", null);
      feed("marks", null);
      feed("paint", null);
      gl.drawArrays(gl.LINES, 0, one.lines);
    }
  };
  let waiting = false;
  const redraw = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      const scale = window.devicePixelRatio || 1;
      const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      paint(0);
    });
  };

  // What is chosen, in colours and words.
  const map = () => data.maps[Number(of("map").value)];
  const extent = (one) => {
    const known = one.mean.filter((value) => value !== null);
    return [Math.min(0, ...known), Math.max(0, ...known)];
  };
  // Round steps, so that zero is one of them; the threshold that the page was made with holds until it is moved.
  let limit = data.threshold, step = 1;
  const threshold = () => limit;
  const setThresholds = () => {
    const [low, high] = extent(map()), size = (high - low) / 150 || 1, ten = 10 ** Math.floor(Math.log10(size));
    step = ten * [1, 2, 5, 10].find((factor) => factor * ten >= size);
    limit = data.threshold;
    Object.assign(of("threshold"), { min: Math.floor(low / step), max: Math.ceil(high / step), value: Math.round(limit / step) });
  };
  const beyond = (place) => {
    const one = map(), at = threshold(), draws = data.draws, from = place * draws;
    let [low, high] = [0, draws];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (one.draws[from + middle] * one.scale < at) low = middle + 1; else high = middle;
    }
    return at > 0 ? 1 - low / draws : low / draws;
  };
  const chance = (value) => {
    const digits = Math.max(1, Math.min(3, Math.floor(Math.log10(data.draws)))), least = 10 ** -digits;
    const word = (number) => number.toFixed(digits).replace(/^0/, "");
    return value > 1 - least / 2 ? `> ${word(1 - least)}` : value < least / 2 ? `< ${word(least)}` : word(value);
  };
  const unit = data.unit && ` ${data.unit}`;
  const side = () => `${threshold() > 0 ? "above" : "below"} ${number(threshold())}${unit}`;
  const told = (place) => {
    const one = map(), seen = one.observed[place];
    return `${data.regions[place]}: effect ${number(one.mean[place])} (90% interval ${number(one.lower90[place])} to ` +
      `${number(one.upper90[place])})${unit}; ${seen === null ? "not observed" : `observed ${number(seen)}`}; ` +
      `probability ${side()}: ${chance(beyond(place))}`;
  };
  const mix = (steps, share) => {
    const at = Math.max(0, Math.min(1, share)) * (steps.length - 1), low = Math.floor(at), high = Math.ceil(at);
    return steps[low].map((value, k) => (value + (at - low) * (steps[high][k] - value)) / 255);
  };
  const show = () => {
    const one = map(), quantity = of("quantity").value, { label, signed } = data.quantities[quantity];
    const places = data.regions.map((name, place) => place).filter((place) => data.regions[place] && one.mean[place] !== null);
    const values = quantity === "beyond" ? data.regions.map((name, place) => beyond(place)) : one[quantity];
    const known = places.map((place) => values[place]).filter((value) => value !== null);
    const reach = Math.max(...known.map(Math.abs), 1e-9);
    const [low, high] = quantity === "beyond" ? [0, 1] : signed ? [-reach, reach] : [Math.min(...known), Math.max(...known)];
    const steps = signed ? data.colours.signed : data.colours.plain, least = Number(of("probability").value);
    let count = 0;
    const colours = new Float32Array(3 * (NONE + 1));
    for (let place = 0; place <= NONE; place++) {
      const here = places.includes(place), reached = here && (least === 0 || beyond(place) >= least);
      count += reached;
      const colour = place === NONE ? OUTSIDE : !here || values[place] === null ? MISSING
        : reached ? mix(steps, (values[place] - low) / (high - low || 1)) : PALE;
      colours.set(colour, 3 * place);
    }
    for (const side of sides) {
      const corners = new Float32Array(3 * side.count);
      side.of.forEach((place, at) => corners.set(colours.subarray(3 * place, 3 * place + 3), 3 * at));
      gl.bindBuffer(gl.ARRAY_BUFFER, side.paint);
      gl.bufferData(gl.ARRAY_BUFFER, corners, gl.DYNAMIC_DRAW);
    }
    const bar = box.querySelector(".bar"), pen = bar.getContext("2d");
    for (let x = 0; x < bar.width; x++) {
      pen.fillStyle = `rgb(${mix(steps, x / (bar.width - 1)).map((value) => Math.round(255 * value)).join(",")})`;
      pen.fillRect(x, 0, 1, bar.height);
    }
    const more = quantity === "beyond" ? [`effect ${side()}`] : [data.unit, signed && "negative = thinner"].filter(Boolean);
    box.querySelector(".low").textContent = number(low);
    box.querySelector(".high").textContent = number(high);
    box.querySelector(".what").textContent = more.length ? `${label} (${more.join(", ")})` : label;
    of("threshold").nextElementSibling.value = `${number(threshold())}${unit}`;
    of("probability").nextElementSibling.value = least ? least.toFixed(2).replace(/^0/, "") : "any";
    const rule = least ? `${count} of ${places.length} regions have an effect ${side()} with probability at least ` +
      `${least.toFixed(2).replace(/^0/, "")}.` : `All ${places.length} regions are coloured.`;
    box.querySelector(".told").textContent = chosen < 0 ? rule : `${told(chosen)}. ${rule}`;
    redraw();
  };
  const choose = (place) => {
    chosen = place;
    of("region").value = place < 0 ? "" : String(place);
    show();
  };
  const list = () => {
    const one = map();
    if (!one.draws) one.draws = new Int16Array(bytes(one.sorted));
    const order = data.regions.map((name, place) => place).filter((place) => data.regions[place] && one.mean[place] !== null)
      .sort((a, b) => Math.abs(one.mean[b]) - Math.abs(one.mean[a]));
    of("region").replaceChildren(new Option("none", ""), ...order.map((place) => new Option(data.regions[place], String(place))));
    const largest = Math.max(...one.mean.map((value) => Math.abs(value ?? 0)), 1e-9);
    places = Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(largest))));
    setThresholds();
    choose(-1);
  };

  // Pointer and keys.
  const tip = box.querySelector(".tip"), hidden = gl.createFramebuffer();
  const under = (event) => {
    const scale = canvas.width / canvas.clientWidth, edge = canvas.getBoundingClientRect();
    const [x, y] = [(event.clientX - edge.left) * scale, canvas.height - (event.clientY - edge.top) * scale];
    const picture = gl.createTexture(), depth = gl.createRenderbuffer(), pixel = new Uint8Array(4);
    gl.bindTexture(gl.TEXTURE_2D, picture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, canvas.width, canvas.height, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    gl.bindRenderbuffer(gl.RENDERBUFFER, depth);
    gl.renderbufferStorage(gl.RENDERBUFFER, gl.DEPTH_COMPONENT16, canvas.width, canvas.height);
    gl.bindFramebuffer(gl.FRAMEBUFFER, hidden);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, picture, 0);
    gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.RENDERBUFFER, depth);
    paint(1);
    gl.readPixels(Math.round(x), Math.round(y), 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.deleteTexture(picture);
    gl.deleteRenderbuffer(depth);
    const place = pixel[0] + 256 * pixel[1] - 1;
    return place >= 0 && place < NONE && data.regions[place] && map().mean[place] !== null ? place : -1;
  };
  const turn = (around, up) => {
    eye.around -= around;
    eye.up = Math.max(-90, Math.min(90, eye.up + up));
    redraw();
  };
  const size = (factor) => {
    eye.zoom = Math.max(0.6, Math.min(4, eye.zoom * factor));
    redraw();
  };
  let held = null, moved = 0;
  canvas.addEventListener("pointerdown", (event) => {
    held = [event.clientX, event.clientY];
    moved = 0;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (held) {
      const [dx, dy] = [event.clientX - held[0], event.clientY - held[1]];
      moved += Math.abs(dx) + Math.abs(dy);
      held = [event.clientX, event.clientY];
      turn(0.5 * dx, 0.5 * dy);
      return;
    }
    const place = under(event), edge = canvas.getBoundingClientRect();
    tip.hidden = place < 0;
    if (place < 0) return;
    tip.textContent = told(place);
    tip.style.left = `${Math.max(0, Math.min(event.clientX - edge.left + 14, edge.width - 270))}px`;
    tip.style.top = `${event.clientY - edge.top + 14}px`;
    redraw();
  });
  canvas.addEventListener("pointerup", (event) => {
    held = null;
    if (moved < 4) choose(under(event));
  });
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
  const KEYS = {
    ArrowLeft: () => turn(-8, 0), ArrowRight: () => turn(8, 0), ArrowUp: () => turn(0, 8), ArrowDown: () => turn(0, -8),
    "+": () => size(1.15), "=": () => size(1.15), "-": () => size(1 / 1.15),
  };
  canvas.addEventListener("keydown", (event) => {
    if (!KEYS[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  const look = (name) => {
    [eye.around, eye.up, eye.sides, eye.zoom = 1] = VIEWS[name];
    redraw();
  };
  // The view that a region faces most, its own side alone.
  const face = (place) => {
    const side = place < LEFT ? "left" : "right", [x, y, z] = outwards[place];
    const facing = (name) => {
      const [around, up] = VIEWS[name].map((degrees) => degrees * Math.PI / 180);
      return x * Math.cos(up) * Math.cos(around) + y * Math.cos(up) * Math.sin(around) + z * Math.sin(up);
    };
    const names = [`${side} outer`, `${side} inner`, "top", "bottom"];
    look(names.reduce((best, name) => (facing(name) > facing(best) ? name : best)));
    eye.sides = [side];
  };
  for (const button of box.querySelectorAll("[data-view]")) button.addEventListener("click", () => look(button.dataset.view));
  of("region").addEventListener("change", () => {
    const place = of("region").value === "" ? -1 : Number(of("region").value);
    if (place >= 0) face(place);
    choose(place);
  });
  of("map").addEventListener("change", list);
  for (const name of ["quantity", "probability"]) of(name).addEventListener("input", show);
  of("threshold").addEventListener("input", () => {
    limit = step * Number(of("threshold").value);
    show();
  });
  new ResizeObserver(redraw).observe(canvas);
  box.hidden = false;
  document.documentElement.classList.add("turning");
  list();
}
for (const box of document.querySelectorAll(".viewer")) turnCortex(box);
