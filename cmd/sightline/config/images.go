package config

import (
	"errors"
	"time"

	"sightline/internal/secret"
)

// Images is where still images are kept.
type Images struct {
	Folder    string        `key:"images.folder" help:"Folder for the files of images. Empty: images in the data folder."`
	ReserveMB int           `key:"images.reserve_mb" name:"reserve-mb" default:"256" help:"Megabytes of that disk that images leave free; with less, new ones are refused."`
	Undo      time.Duration `key:"images.undo" default:"60s" help:"How long a deleted image can be brought back (1s to 24h)."`
	S3        S3            `embed:"" prefix:"s3-"`
}

// S3 is a bucket for images instead of a folder.
type S3 struct {
	Endpoint  string        `key:"images.s3.endpoint" help:"Host and port of a service with S3's protocol, to keep images in a bucket instead of a folder."`
	Plain     bool          `key:"images.s3.plain" help:"Speak http to it instead of https."`
	Region    string        `key:"images.s3.region" help:"Region of the bucket; empty: asked."`
	Bucket    string        `key:"images.s3.bucket" help:"Bucket; it must exist."`
	Prefix    string        `key:"images.s3.prefix" help:"What the names of objects begin with, such as sightline/."`
	AccessKey string        `key:"images.s3.access_key" name:"access-key" help:"Access key of the service."`
	SecretKey secret.String `key:"images.s3.secret_key" name:"secret-key" help:"Secret key of the service."`
}

func (i Images) check() error {
	switch s := i.S3; {
	case s.Endpoint != "" && s.Bucket == "":
		return errors.New("images.s3.bucket: say which bucket")
	case s.Endpoint == "" && s.Bucket != "":
		return errors.New("images.s3.endpoint: say where the bucket is")
	case s.Endpoint != "" && i.Folder != "":
		return errors.New("images: a folder and a bucket exclude each other")
	case i.ReserveMB < 0:
		return errors.New("images.reserve_mb cannot be below 0")
	case i.Undo < time.Second || i.Undo > 24*time.Hour:
		return errors.New("images.undo is 1s to 24h")
	}
	return nil
}
