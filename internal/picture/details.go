package picture

import (
	"bytes"
	"math"
	"time"
)

// Details is what a picture says of itself. Zero values mean that it does not.
type Details struct {
	Taken       time.Time `json:"taken,omitzero"` // in the zone it names, else the given one
	Lat         float64   `json:"lat,omitempty"`  // degrees, north positive
	Lon         float64   `json:"lon,omitempty"`  // degrees, east positive
	Placed      bool      `json:"placed,omitempty"`
	Make        string    `json:"make,omitempty"`
	Model       string    `json:"model,omitempty"`
	Orientation int       `json:"orientation,omitempty"` // EXIF 1-8; 0 = not said
}

// Read returns the details of a checked file; times without a zone are in zone
// (nil = UTC). What cannot be read is left out: EXIF of cameras is often wrong
// and never a reason to refuse a picture.
func Read(data []byte, zone *time.Location) (d Details) {
	t, first, ok := newTIFF(exifOf(data))
	if !ok {
		return Details{}
	}
	main := t.dir(first)
	d.Make, d.Model = main[tagMake].words(), main[tagModel].words()
	if o := t.number(main[tagOrientation]); o >= 1 && o <= 8 {
		d.Orientation = int(o)
	}
	exif := t.dir(t.number(main[tagExifDir]))
	d.Taken = taken(zone, exif[tagOffset], exif[tagOriginal], exif[tagDigitized], main[tagDateTime])
	d.Lat, d.Lon, d.Placed = t.place(t.dir(t.number(main[tagGPSDir])))
	return d
}

// exifOf returns the TIFF block of the first EXIF segment.
func exifOf(data []byte) (block []byte) {
	walk(data, func(s segment) bool { //nolint:errcheck // a damaged file has no details
		if s.mark == markAPP1 && bytes.HasPrefix(s.data, []byte("Exif\x00\x00")) {
			block = s.data[6:]
		}
		return block == nil && s.mark != markSOS
	})
	return block
}

func (t tiff) place(gps map[uint16]field) (lat, lon float64, ok bool) {
	lat, lon = t.degrees(gps[tagLat]), t.degrees(gps[tagLon])
	if gps[tagLatRef].words() == "S" {
		lat = -lat
	}
	if gps[tagLonRef].words() == "W" {
		lon = -lon
	}
	if !(math.Abs(lat) <= 90 && math.Abs(lon) <= 180) || lat == 0 && lon == 0 { // also NaN
		return 0, 0, false
	}
	return lat, lon, true
}

// taken is the first of fields that holds a time. A year outside 1990-2100 is a
// camera whose clock was never set.
func taken(zone *time.Location, offset field, fields ...field) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	if at, err := time.Parse("-07:00", offset.words()); err == nil { // EXIF 2.31
		_, seconds := at.Zone()
		zone = time.FixedZone("", seconds)
	}
	for _, f := range fields {
		at, err := time.ParseInLocation("2006:01:02 15:04:05", f.words(), zone)
		if err == nil && at.Year() >= 1990 && at.Year() <= 2100 {
			return at
		}
	}
	return time.Time{}
}
