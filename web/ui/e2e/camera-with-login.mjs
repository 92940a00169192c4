// A camera that wants a name and password: a door in front of one of the demo's
// cameras. It can be taken away and brought back on the same port.
import { connect, createServer } from 'node:net'

export function cameraWithLogin(rtsp, user, password) {
  const target = new URL(rtsp.replace('rtsp:', 'http:'))
  const right = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const open = new Set()
  let server
  let port = 0

  const serve = socket => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => {})
    let text = ''
    const ask = chunk => {
      text += chunk.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const request = text.slice(0, end + 4)
        if (/^Authorization: (.*)$/im.exec(request)?.[1].trim() === right) {
          socket.off('data', ask)
          const camera = connect(Number(target.port), target.hostname)
          camera.on('error', () => socket.destroy())
          camera.on('close', () => socket.destroy())
          socket.on('close', () => camera.destroy())
          camera.write(Buffer.from(text, 'latin1'))
          socket.pipe(camera)
          camera.pipe(socket)
          return
        }
        text = text.slice(end + 4)
        const cseq = /^CSeq: *(\d+)/im.exec(request)?.[1] ?? '0'
        socket.write(`RTSP/1.0 401 Unauthorized\r\nCSeq: ${cseq}\r\nWWW-Authenticate: Basic realm="camera"\r\n\r\n`)
      }
    }
    socket.on('data', ask)
  }
  return {
    url: path => `rtsp://127.0.0.1:${port}/${path}`,
    async start() {
      server = createServer(serve)
      await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
      port = server.address().port
    },
    async stop() {
      for (const s of open) s.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
