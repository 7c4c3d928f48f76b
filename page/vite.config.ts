import { defineConfig } from "vite";

// The built page goes into the package, from where the wheel takes it and `voiceprep serve` serves it.
export default defineConfig({
  base: "./",
  build: { outDir: "../voiceprep/hosting/page", emptyOutDir: true, target: "es2022", chunkSizeWarningLimit: 1000 },
});
