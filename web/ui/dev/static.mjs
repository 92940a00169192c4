// A file server for dist/ with the server's own content security policy, for
// looking at pages without a server (shots.mjs). Development only.
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }

export const policy = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob:", "media-src 'self' blob:",
  "font-src 'self'", "connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
  "require-trusted-types-for 'script'", "trusted-types 'none'",
].join('; ')

export function serve(root) {
  const server = createServer((req, res) => {
    const path = normalize(new URL(req.url, 'http://x').pathname)
    let file = join(root, path)
    if (!existsSync(file) || !statSync(file).isFile()) {
      file = join(root, path === '/s' || path.startsWith('/g/') ? 'guest.html' : 'index.html')
    }
    res.writeHead(200, { 'Content-Type': types[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': policy })
    createReadStream(file).pipe(res)
  })
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve({ url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() })))
}
