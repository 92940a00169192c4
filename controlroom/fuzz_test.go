package controlroom

import (
	"encoding/json"
	"testing"

	"sightline/internal/fault"
)

// FuzzClientMessage: whatever a tab says on its socket, the session stays within
// its bounds and every refusal has a code.
func FuzzClientMessage(f *testing.F) {
	for _, s := range []string{
		`{"type":"tiles","version":2,"tiles":[{"cell":0,"camera":"cam-a","px":640},{"cell":1,"camera":"cam-b","px":320,"focus":true}]}`,
		`{"type":"tiles","version":18446744073709551615,"tiles":[]}`,
		`{"type":"tiles","version":3,"tiles":[{"cell":-1},{"cell":99999999,"camera":"x"}]}`,
		`{"type":"sound","cell":0}`, `{"type":"sound","cell":null}`, `{"type":"visible","visible":false}`, `{"type":"visible"}`,
		`{"type":"try_now","cell":0}`, `{"type":"continue"}`, `{"type":"input"}`, `{"type":"hello","viewing":"x"}`, `{"type":"ping","t":1e308}`, `{}`,
	} {
		f.Add([]byte(s), []byte(`{"type":"sound","cell":1}`))
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		tr := fakeRoom(t, "cam-a", "cam-b")
		s, _, _ := tr.open(t, olena, TileWant{Cell: 0, Camera: "cam-a", Px: 640})
		for _, text := range [][]byte{one, two, one} {
			var m clientMessage
			if len(text) > maxText || json.Unmarshal(text, &m) != nil {
				continue
			}
			if err := s.hearClient(m); err != nil && fault.Code(err) == "" {
				t.Fatalf("%q is refused without a code: %v", text, err)
			}
		}
		if n := len(s.snapshot()); n > tr.cfg.Limits.Tiles {
			t.Fatalf("%d tiles", n)
		}
	})
}
