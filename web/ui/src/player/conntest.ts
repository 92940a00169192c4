import { connectivity as api, type Connectivity } from '../api/connectivity'

const every = 500
const longest = 15_000

/**
 * testConnection tries every way between this browser and the server with a
 * connection that carries nothing, and tells what is known as it goes. It ends
 * when a way is found, none is left, or after 15 s.
 */
export async function testConnection(onReport: (c: Connectivity) => void): Promise<void> {
  const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' })
  try {
    pc.addTransceiver('video', { direction: 'recvonly' })
    await pc.setLocalDescription(await pc.createOffer())
    await gathered(pc)
    const { id, sdp } = await api.begin(pc.localDescription?.sdp ?? '')
    await pc.setRemoteDescription({ type: 'answer', sdp })
    for (let waited = 0; waited < longest; waited += every) {
      await new Promise(r => setTimeout(r, every))
      const c = await api.report(id)
      onReport(c)
      if (c.state !== 'connecting') return
    }
  } finally {
    pc.close()
  }
}

/** gathered waits until the offer names all addresses of this browser, at most two seconds. */
function gathered(pc: RTCPeerConnection): Promise<void> {
  return new Promise(done => {
    const timer = setTimeout(done, 2000)
    const look = (): void => {
      if (pc.iceGatheringState !== 'complete') return
      clearTimeout(timer)
      done()
    }
    pc.onicegatheringstatechange = look
    look()
  })
}
