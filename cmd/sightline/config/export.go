package config

import (
	"fmt"
	"path/filepath"
	"time"
)

// Export is what people may take away of footage.
type Export struct {
	Folder    string        `key:"archive.export.folder" help:"Folder for exports that are prepared, of this server alone. Empty: exports in the data folder. Only watermarked ones take room."`
	Keep      time.Duration `key:"archive.export.keep" default:"24h" help:"How long an export can be fetched (10m to 168h)."`
	Longest   time.Duration `key:"archive.export.longest" default:"24h" help:"Most footage in one exported file (1m to 168h)."`
	DayTime   time.Duration `key:"archive.export.day_time" name:"day-time" default:"48h" help:"Footage a person may export in 24 hours, by its length. 0s: no limit."`
	DayMB     int           `key:"archive.export.day_mb" name:"day-mb" default:"200000" help:"Megabytes a person may export in 24 hours. 0: no limit."`
	AtOnce    int           `key:"archive.export.at_once" name:"at-once" default:"2" help:"Exports of a person whose bytes run, or which get their watermark, at once."`
	Watermark time.Duration `key:"archive.export.watermark" default:"1h" help:"Most footage in an export with a watermark, which is encoded anew (10s to 24h)."`
	RoomMB    int           `key:"archive.export.room_mb" name:"room-mb" default:"20000" help:"Megabytes that exports with a watermark may take together."`
}

// Path is the folder for exports.
func (e Export) Path(data string) string {
	if e.Folder == "" {
		return filepath.Join(data, "exports")
	}
	return e.Folder
}

func (e Export) check() error {
	for _, b := range []struct {
		key         string
		v, min, max time.Duration
	}{
		{"archive.export.keep", e.Keep, 10 * time.Minute, 168 * time.Hour},
		{"archive.export.longest", e.Longest, time.Minute, 168 * time.Hour},
		{"archive.export.watermark", e.Watermark, 10 * time.Second, 24 * time.Hour},
		{"archive.export.day_time", e.DayTime, 0, 8760 * time.Hour},
	} {
		if b.v < b.min || b.v > b.max {
			return fmt.Errorf("%s: %s is not between %s and %s", b.key, b.v, b.min, b.max)
		}
	}
	for key, v := range map[string]int{"archive.export.at_once": e.AtOnce, "archive.export.room_mb": e.RoomMB} {
		if v < 1 {
			return fmt.Errorf("%s: at least 1 is needed", key)
		}
	}
	if e.DayMB < 0 {
		return fmt.Errorf("archive.export.day_mb cannot be below 0")
	}
	return nil
}
