// Loads a webpack or Next.js configuration and writes it as JSON to the descriptor named last.
// Everything that JSON cannot hold is described: functions by name and hash of their source, regular
// expressions as they are written, objects of a class with its name.
"use strict";
const { createHash } = require("node:crypto");
const EventEmitter = require("node:events");
const { writeSync } = require("node:fs");
const { createRequire } = require("node:module");
const { basename } = require("node:path");
const { pathToFileURL } = require("node:url");

const [file, root, descriptor] = process.argv.slice(2);

function describe(value, above) {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") return value.split(root).join("<root>");
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "function") return describeFunction(value);
  if (typeof value !== "object") return String(value);
  if (value instanceof RegExp || value instanceof URL) return String(value).split(root).join("<root>");
  if (value instanceof Date) return value.toISOString();
  if (above.includes(value)) return { $cycle: above.length - above.indexOf(value) };
  const below = [...above, value];
  if (value instanceof Map) value = Object.fromEntries(value);
  if (value instanceof Set) value = [...value];
  if (Array.isArray(value)) return value.map((item) => (item === undefined ? null : describe(item, below)));
  return describeObject(value, below);
}

function describeFunction(value) {
  const source = createHash("sha256").update(String(value)).digest("hex").slice(0, 16);
  return { $function: value.name || "anonymous", source };
}

function describeObject(value, below) {
  const name = Object.getPrototypeOf(value)?.constructor?.name ?? "Object";
  const found = name === "Object" ? {} : { $class: name };
  if (value instanceof EventEmitter || ArrayBuffer.isView(value)) return found; // streams hold what is volatile
  for (const key of Object.keys(value)) {
    if (value[key] !== undefined) found[key] = describe(value[key], below);
  }
  return found;
}

async function load() {
  let config = await import(pathToFileURL(file).href);
  while (config && typeof config === "object" && "default" in config) config = config.default;
  const next = basename(file).startsWith("next.");
  if (typeof config === "function") {
    config = await (next ? config("phase-production-build", { defaultConfig: {} }) : config({}, {}));
  }
  config = await config;
  return next ? config : withDefaults(config);
}

function withDefaults(config) {
  let webpack;
  try {
    webpack = createRequire(file)("webpack");
  } catch {
    return config;
  }
  const { getNormalizedWebpackOptions, applyWebpackOptionsDefaults } = webpack.config ?? {};
  if (!getNormalizedWebpackOptions || !applyWebpackOptionsDefaults) return config;
  const complete = (options) => {
    const normalized = getNormalizedWebpackOptions(options);
    applyWebpackOptionsDefaults(normalized);
    return normalized;
  };
  return Array.isArray(config) ? config.map(complete) : complete(config);
}

load().then((config) => {
  const result = Buffer.from(JSON.stringify(describe(config, [])));
  for (let done = 0; done < result.length; ) done += writeSync(Number(descriptor), result, done);
  process.exit(0); // a configuration may have left timers and sockets open
}, () => process.exit(1));
