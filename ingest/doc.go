// Package ingest keeps the camera sources it is told to keep: one shared pull
// per layer over RTSP, watched and reconnected by error class; what arrives is
// depacketised, normalised (parameter sets before every key frame, no filler),
// packetised once and written into sfu streams that live as long as the camera.
// It knows no accounts; every address it dials passes its Guard.
package ingest
