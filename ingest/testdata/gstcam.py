# A camera on GStreamer's RTSP server, for interop_test.go: prints its port, runs
# until its standard input closes. Arguments: path, then "basic" or "digest" (or
# none), then a file with a certificate and its key for TLS (or none).
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer

Gst.init(None)
login = sys.argv[2] if len(sys.argv) > 2 else ""
pem = sys.argv[3] if len(sys.argv) > 3 else ""

server = GstRtspServer.RTSPServer.new()
server.set_address("127.0.0.1")
server.set_service("0")
factory = GstRtspServer.RTSPMediaFactory.new()
factory.set_shared(True)
factory.set_launch(
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=25/1"
    " ! openh264enc gop-size=25 bitrate=400000 complexity=low ! h264parse ! rtph264pay name=pay0 pt=96"
    " audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0 )"
)
auth = GstRtspServer.RTSPAuth.new()
if pem:
    auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(pem))
    server.set_auth(auth)
if login:
    token = GstRtspServer.RTSPToken.new()
    token.set_string("media.factory.role", "viewer")
    if login == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest("viewer", "secret:1", token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("viewer", "secret:1"), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions.new()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)
server.get_mount_points().add_factory(sys.argv[1], factory)
loop = GLib.MainLoop()
server.attach(None)
print(server.get_bound_port(), flush=True)


def until_closed():
    sys.stdin.read()
    loop.quit()


threading.Thread(target=until_closed, daemon=True).start()
loop.run()
