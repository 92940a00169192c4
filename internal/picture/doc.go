// Package picture knows JPEG files and nothing else: whether one is whole and
// sane, what its EXIF says, how it looks without anything but its picture, and
// small. Files come from strangers: headers are walked before a decoder sees a
// byte, sizes are bounded, decoders are counted (threats T29, T33).
package picture

import "sightline/internal/fault"

// Limits of one file. What is larger is refused before it is decoded.
const (
	MaxBytes  = 10 << 20   // of the file
	MaxPixels = 25_000_000 // width x height
)

func bad(msg string) error { return fault.New(fault.Invalid, fault.CodeBadImage, msg) }
