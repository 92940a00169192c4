// Runs in the page before anything else: a peer connection whose tracks are
// canvases with a drawn scene and a running clock. Development only.
export function fakeRTC() {
  const scenes = [
    ['#26304a', '#5b3a55', '#c48a55'], ['#1f2a2a', '#31504a', '#9fb8a0'], ['#2a2a2e', '#44464e', '#b9bcc6'],
    ['#241d18', '#5a3f28', '#e0a860'], ['#182433', '#2c4d6e', '#8fb7d8'], ['#2a1d22', '#63323f', '#d88f8f'],
  ]
  const draw = (ctx, i, n) => {
    const [a, b, c] = scenes[i % scenes.length]
    const { width: w, height: h } = ctx.canvas
    const g = ctx.createLinearGradient(0, 0, 0, h)
    g.addColorStop(0, a)
    g.addColorStop(1, b)
    ctx.fillStyle = g
    ctx.fillRect(0, 0, w, h)
    ctx.fillStyle = 'rgba(0,0,0,.35)'
    for (let k = 0; k < 7; k++) ctx.fillRect(k * (w / 7) + 8, h * 0.45 + ((k * 37 + i * 19) % 50), w / 9, h)
    ctx.fillStyle = c
    ctx.beginPath()
    ctx.arc((n * 4 + i * 90) % w, h * 0.7, 14, 0, 7)
    ctx.fill()
    ctx.fillStyle = '#fff'
    ctx.font = '500 18px sans-serif'
    ctx.fillText(new Date().toISOString().slice(11, 19), 12, 28)
  }
  const track = i => {
    const canvas = document.createElement('canvas')
    canvas.width = 640
    canvas.height = 360
    const ctx = canvas.getContext('2d')
    let n = 0
    draw(ctx, i, n)
    setInterval(() => { if (!window.frozenTracks?.has(i)) draw(ctx, i, n++) }, 100)
    return canvas.captureStream(10).getVideoTracks()[0]
  }
  window.RTCPeerConnection = class {
    constructor() {
      this.list = []
      this.connectionState = 'new'
    }
    addTransceiver(kind) {
      const mid = String(this.list.length)
      const t = kind === 'video' ? track(this.list.length) : new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0]
      const made = { mid, receiver: { track: t }, setCodecPreferences() {} }
      this.list.push(made)
      return made
    }
    getTransceivers() { return this.list }
    getStats() { return Promise.resolve(new Map()) }
    setConfiguration() {}
    restartIce() {}
    async createOffer() { return { type: 'offer', sdp: `fake ${this.list.length}` } }
    async setLocalDescription(d) { this.localDescription = d }
    async setRemoteDescription() {
      setTimeout(() => {
        this.connectionState = 'connected'
        this.onconnectionstatechange?.()
      }, 50)
    }
    close() { this.connectionState = 'closed' }
  }
}
