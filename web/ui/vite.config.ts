import { defineConfig, type Plugin } from 'vite'

// The content security policy forbids inline script and style, so nothing is
// inlined and the preload polyfill is left out. `npm run dev` proxies the API
// of a running server (SIGHTLINE, default the demo's address).
const server = process.env.SIGHTLINE ?? 'http://127.0.0.1:8080'
const proxied = { target: server, changeOrigin: false, secure: false, ws: true }

/** In development every path of the application is one of the two pages, as the server has it. */
const pages: Plugin = {
  name: 'pages',
  configureServer(dev) {
    dev.middlewares.use((req, _, next) => {
      const path = (req.url ?? '/').split('?')[0] ?? '/'
      if (/^\/(s|g\/[^/]+\/?)$/.test(path)) req.url = '/guest.html'
      else if (/^\/(cameras|settings|signin|setup|invite|reset|verify|register)(\/|$)/.test(path)) req.url = '/index.html'
      next()
    })
  },
}

export default defineConfig({
  plugins: [pages],
  base: '/',
  appType: 'mpa',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    assetsDir: 'assets',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { index: 'index.html', guest: 'guest.html' } },
  },
  server: {
    proxy: {
      '/api': proxied,
      '/whep': proxied,
      '^/g/(exchange|[^/]+/.+)$': proxied,
    },
  },
})
