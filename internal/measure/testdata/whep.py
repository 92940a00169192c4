# whep.py URL TOKEN N plays a camera over WHEP with GStreamer's webrtcbin and
# ends, with status 0, once it has decoded N pictures; after 30 s it gives up.
import sys
import urllib.error
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC

url, token, wanted = sys.argv[1], sys.argv[2], int(sys.argv[3])
Gst.init(None)
loop = GLib.MainLoop()
pipe = Gst.Pipeline()
rtc = Gst.ElementFactory.make("webrtcbin")
rtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
pipe.add(rtc)
frames = 0


def decoded(*_):
    global frames
    frames += 1
    if frames == wanted:
        GLib.idle_add(loop.quit)


def on_pad(_, pad):
    chain = [Gst.ElementFactory.make(name) for name in ("rtph264depay", "h264parse", "openh264dec", "fakesink")]
    for e in chain:
        pipe.add(e)
        e.sync_state_with_parent()
    for a, b in zip(chain, chain[1:]):
        a.link(b)
    chain[-1].set_property("sync", False)
    chain[-1].set_property("signal-handoffs", True)
    chain[-1].connect("handoff", decoded)
    pad.link(chain[0].get_static_pad("sink"))


def on_offer(promise, *_):
    promise.wait()
    reply = promise.get_reply()  # owns the offer, so it has to outlive its use
    offer = reply["offer"]
    rtc.emit("set-local-description", offer, Gst.Promise.new())


def on_gathered(*_):
    if rtc.get_property("ice-gathering-state") != GstWebRTC.WebRTCICEGatheringState.COMPLETE:
        return
    offer = rtc.get_property("local-description").sdp.as_text()
    headers = {"Content-Type": "application/sdp", "Authorization": "Bearer " + token}
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, offer.encode(), headers, method="POST")).read().decode()
    except urllib.error.HTTPError as e:
        print(e.code, e.read().decode(), "to", offer, file=sys.stderr)
        GLib.idle_add(loop.quit)
        return
    _, sdp = GstSdp.SDPMessage.new_from_text(answer)
    rtc.emit("set-remote-description", GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp), Gst.Promise.new())


rtc.connect("pad-added", on_pad)
rtc.connect("notify::ice-gathering-state", on_gathered)
h264 = "application/x-rtp,media=video,encoding-name=H264,payload=102,clock-rate=90000,packetization-mode=(string)1,profile-level-id=(string)42e01f"
rtc.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, Gst.Caps.from_string(h264))
pipe.set_state(Gst.State.PLAYING)
rtc.emit("create-offer", None, Gst.Promise.new_with_change_func(on_offer))
GLib.timeout_add_seconds(30, loop.quit)
loop.run()
print(frames, "pictures")
pipe.set_state(Gst.State.NULL)
sys.exit(frames < wanted)
