package config

import (
	"fmt"
	"time"
)

// Notices is how often people are told things.
type Notices struct {
	Every     time.Duration `key:"notices.every" default:"5m" help:"A camera makes at most one notice of a kind in it, on all servers together (10s to 24h). Its events are all kept."`
	Steady    time.Duration `key:"notices.steady" default:"1m" help:"How long a lost camera shows pictures again before that is told; one that comes and goes is told once (1s to 1h)."`
	LetterGap time.Duration `key:"notices.letter_gap" name:"letter-gap" default:"1m" help:"The least time between two mails of notices to one person; what comes in between is in one mail (1s to 24h)."`
}

func (n Notices) check() error {
	switch {
	case n.Every < 10*time.Second || n.Every > 24*time.Hour:
		return fmt.Errorf("notices.every: %s is not between 10s and 24h", n.Every)
	case n.Steady < time.Second || n.Steady > time.Hour:
		return fmt.Errorf("notices.steady: %s is not between 1s and 1h", n.Steady)
	case n.LetterGap < time.Second || n.LetterGap > 24*time.Hour:
		return fmt.Errorf("notices.letter_gap: %s is not between 1s and 24h", n.LetterGap)
	}
	return nil
}
