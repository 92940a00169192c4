//go:build promises

package measure

import (
	"os/exec"
	"testing"
)

// A player on another stack: GStreamer's webrtcbin speaks WHEP to the program
// and decodes both layers (Debian: python3-gst-1.0 gstreamer1.0-nice
// gir1.2-gst-plugins-bad-1.0).
func TestInteropWHEP_GStreamer(t *testing.T) {
	p := demo(t, Options{})
	for _, layer := range []string{"sub", "main"} {
		at := p.Demo.BaseURL + "/whep/" + p.Demo.Cameras[0].ID + "?layer=" + layer
		out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", "testdata/whep.py", at, p.Demo.Accounts[0].Token, "60").CombinedOutput()
		t.Logf("%s: %s", layer, out)
		if err != nil {
			t.Errorf("%s layer: %v", layer, err)
		}
	}
}
