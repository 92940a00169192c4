package events

import (
	"context"
	"slices"

	"sightline/authz"
	"sightline/internal/fault"
)

// Sensitivities of the detection of movement in a camera's stream.
const (
	MotionOff    = "off"
	MotionLow    = "low"
	MotionMedium = "medium"
	MotionHigh   = "high"
)

var sensitivities = []string{MotionOff, MotionLow, MotionMedium, MotionHigh}

// watching is the stored setting.
type watching struct {
	V      int    `json:"v"`
	Camera string `json:"camera"`
	Owner  string `json:"owner"`
	Level  string `json:"level"`
}

// Sees says that pictures are decoded to notice movement; else the data rate tells.
func (e *Events) Sees() bool { return e.motion.eyes != nil }

// Sensitivity is how an own camera's stream is watched for movement.
func (e *Events) Sensitivity(ctx context.Context, sub authz.Subject, camera string) (string, error) {
	if err := e.manage(ctx, sub, camera); err != nil {
		return "", err
	}
	w, _, ok, err := setting[watching](ctx, e, pMotion+camera)
	if err != nil || !ok {
		return MotionOff, err
	}
	return w.Level, nil
}

// SetSensitivity says how an own camera's stream is watched for movement, on all
// nodes within seconds.
func (e *Events) SetSensitivity(ctx context.Context, sub authz.Subject, camera, level string) error {
	if !slices.Contains(sensitivities, level) {
		return fault.Field("sensitivity", fault.CodeBadValue, "The sensitivity is off, low, medium or high.")
	}
	return set(ctx, e, sub, camera, pMotion+camera, authz.LogMotion, []string{"sensitivity", level}, func(owner string, _ *watching) (*watching, error) {
		if level == MotionOff {
			return nil, nil
		}
		return &watching{V: version, Camera: camera, Owner: owner, Level: level}, nil
	})
}
