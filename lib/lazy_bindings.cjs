// Loaded into jsii's Node process: the bindings' index requires every module, their lazy index only what is used.
"use strict";
const Module = require("node:module");

const resolve = Module._resolveFilename;
const eager = /(@cdktf[\\/]provider-aws[\\/]lib[\\/])index\.js$/;

Module._resolveFilename = function (...request) {
  return resolve.apply(this, request).replace(eager, "$1lazy-index.js");
};
