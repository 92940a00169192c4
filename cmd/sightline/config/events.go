package config

import (
	"fmt"
	"time"
)

// Events is how long and how many events of cameras are kept.
type Events struct {
	KeepDays  int           `key:"events.keep_days" name:"keep-days" default:"30" help:"Days that events of cameras are kept (1 to 3650)."`
	PerCamera int           `key:"events.per_camera" name:"per-camera" default:"20000" help:"Events of one camera that are kept; older ones go first (100 to 100000)."`
	Rate      int           `key:"events.rate" default:"20" help:"New events of one camera in a minute (1 to 600); what goes on is one event."`
	HookRate  int           `key:"events.hook_rate" name:"hook-rate" default:"120" help:"Reports by one camera's hook key in a minute (1 to 6000)."`
	Motion    int           `key:"events.motion_share" name:"motion-share" default:"25" help:"Percent of one core's time that decoding pictures of the cameras watched for movement may take (0 to 100); where it does not suffice, each is looked at less often. 0: none is decoded, and the data rate tells."`
	LostAfter time.Duration `key:"events.lost_after" name:"lost-after" default:"30s" help:"Without a picture for so long a camera is lost (30s to 1h)."`
	BackAfter time.Duration `key:"events.back_after" name:"back-after" default:"10s" help:"With pictures for so long a lost camera is back (1s to 10m)."`
}

func (e Events) check() error {
	for _, n := range []struct {
		key           string
		is, from, end int
	}{{"events.keep_days", e.KeepDays, 1, 3650}, {"events.per_camera", e.PerCamera, 100, 100_000}, {"events.rate", e.Rate, 1, 600}, {"events.hook_rate", e.HookRate, 1, 6000}, {"events.motion_share", e.Motion, 0, 100}} {
		if n.is < n.from || n.is > n.end {
			return fmt.Errorf("%s: %d is not between %d and %d", n.key, n.is, n.from, n.end)
		}
	}
	switch {
	case e.LostAfter < 30*time.Second || e.LostAfter > time.Hour:
		return fmt.Errorf("events.lost_after: %s is not between 30s and 1h", e.LostAfter)
	case e.BackAfter < time.Second || e.BackAfter > 10*time.Minute:
		return fmt.Errorf("events.back_after: %s is not between 1s and 10m", e.BackAfter)
	}
	return nil
}
