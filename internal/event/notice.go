package event

// WebhookOff says that a webhook of an account was switched off after its
// receiver had not answered for too long.
type WebhookOff struct {
	Account string `json:"account"`
	Webhook string `json:"webhook"`
	Name    string `json:"name"` // as its owner calls it
}

// Type is its name in the feed.
func (WebhookOff) Type() string { return "webhook_off" }

// StorageTrouble says, in the control space, that a disk or bucket stopped taking
// footage, or takes it again. Give it an id made of node, disk, reason and time.
type StorageTrouble struct {
	Node    string   `json:"node"`
	Disk    string   `json:"disk"`              // path or bucket; told to administrators only
	Reason  string   `json:"reason"`            // disk_full, disk_failed, disk_well
	Cameras []string `json:"cameras,omitempty"` // that are recorded there; their owners are told without the path
	At      int64    `json:"at"`                // Unix ms
}

// Type is its name in the feed.
func (StorageTrouble) Type() string { return "storage_trouble" }

// EgressUsed says that an account's cameras have used up its budget of bytes.
type EgressUsed struct {
	Account string `json:"account"`
	Level   string `json:"level"`           // sub: the sub layer only; stills: others than the owner get stills
	At      int64  `json:"at"`              // Unix ms of store time
	Until   int64  `json:"until,omitempty"` // Unix ms: when some of it is free again
}

// Type is its name in the feed.
func (EgressUsed) Type() string { return "egress_used" }
