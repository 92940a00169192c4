package archive

import (
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// nameMost is how many characters of a camera's name are in a file's name.
const nameMost = 60

// ExportName is what a file is called: camera_date_time.mp4, in the camera's zone.
// Only letters, digits and hyphens are left of the camera's name: nothing that a
// file system, a shell or a header takes for something else.
func ExportName(camera string, at time.Time, zone *time.Location) string {
	var b strings.Builder
	n, gap := 0, false
	for _, r := range strings.ToLower(norm.NFC.String(camera)) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !(unicode.IsMark(r) && n > 0) {
			gap = n > 0
			continue
		}
		if n >= nameMost && !unicode.IsMark(r) {
			break
		}
		if gap {
			b.WriteByte('-')
			gap = false
		}
		b.WriteRune(r)
		n++
	}
	name := b.String()
	if name == "" {
		name = "camera"
	}
	if zone == nil {
		zone = time.UTC
	}
	return name + "_" + at.In(zone).Format("2006-01-02_15-04-05") + ".mp4"
}
