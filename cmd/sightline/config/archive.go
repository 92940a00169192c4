package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"sightline/internal/secret"
)

// Archive is where footage is kept.
type Archive struct {
	Disks     []string      `key:"archive.disks" sep:"," help:"Folders for footage, one on each disk, separated by commas. Empty: archive in the data folder. off: this server keeps no footage."`
	ReserveMB int           `key:"archive.reserve_mb" name:"reserve-mb" default:"1024" help:"Megabytes that footage leaves free on each of its disks; with less, the oldest goes."`
	LimitMB   int           `key:"archive.limit_mb" name:"limit-mb" default:"0" help:"Megabytes of footage on each disk at most; with more, the oldest goes. 0: all but the reserve."`
	Segment   time.Duration `key:"archive.segment" default:"60s" help:"Longest file of footage (10s to 60s)."`
	Sync      time.Duration `key:"archive.sync" default:"5s" help:"How often what was recorded is forced to the disk (1s to 1m): so much may be lost when the power fails. When the program ends, a second."`
	S3        ArchiveS3     `embed:"" prefix:"s3-"`
	Export    Export        `embed:"" prefix:"export-"`
}

// ArchiveS3 is a bucket that closed files of footage move to.
type ArchiveS3 struct {
	Endpoint  string        `key:"archive.s3.endpoint" help:"Host and port of a service with S3's protocol. Closed files of footage move to a bucket there; the disks keep what is not moved yet, and the index. Empty: footage stays on the disks."`
	Plain     bool          `key:"archive.s3.plain" help:"Speak http to it instead of https."`
	Region    string        `key:"archive.s3.region" help:"Region of the bucket; empty: asked."`
	Bucket    string        `key:"archive.s3.bucket" help:"Bucket; it must exist."`
	Prefix    string        `key:"archive.s3.prefix" help:"What the names of objects begin with, such as footage/. Not that of images."`
	AccessKey string        `key:"archive.s3.access_key" name:"access-key" help:"Access key of the service."`
	SecretKey secret.String `key:"archive.s3.secret_key" name:"secret-key" help:"Secret key of the service."`
}

// ArchiveOff in archive.disks says that no footage is kept.
const ArchiveOff = "off"

// Off says that no footage is kept.
func (a Archive) Off() bool { return len(a.Disks) == 1 && a.Disks[0] == ArchiveOff }

// Folders are where footage is kept; none when it is not.
func (a Archive) Folders(data string) []string {
	switch {
	case a.Off():
		return nil
	case len(a.Disks) == 0:
		return []string{filepath.Join(data, "archive")}
	}
	return a.Disks
}

func (a Archive) check() error {
	seen := map[string]bool{}
	for _, d := range a.Disks {
		if seen[filepath.Clean(d)] {
			return fmt.Errorf("archive.disks: %s stands there twice", d)
		}
		seen[filepath.Clean(d)] = true
	}
	switch {
	case a.S3.Endpoint != "" && a.S3.Bucket == "":
		return errors.New("archive.s3.bucket: say which bucket")
	case a.S3.Endpoint == "" && a.S3.Bucket != "":
		return errors.New("archive.s3.endpoint: say where the bucket is")
	case a.S3.Endpoint != "" && a.Off():
		return errors.New("archive.s3: footage reaches a bucket by way of a disk; archive.disks is off")
	case len(a.Disks) > 1 && slices.Contains(a.Disks, ArchiveOff):
		return errors.New("archive.disks: off stands alone")
	case len(a.Disks) > 9:
		return errors.New("archive.disks: at most 9 disks")
	case a.ReserveMB < 16:
		return errors.New("archive.reserve_mb: at least 16 are needed")
	case a.LimitMB < 0:
		return errors.New("archive.limit_mb cannot be below 0")
	case a.Segment < 10*time.Second || a.Segment > time.Minute:
		return fmt.Errorf("archive.segment: %s is not between 10s and 60s", a.Segment)
	case a.Sync < time.Second || a.Sync > time.Minute:
		return fmt.Errorf("archive.sync: %s is not between 1s and 1m", a.Sync)
	}
	return a.Export.check()
}
