package opscheck

// Dashboards are all there are.
func Dashboards() []Dashboard {
	return []Dashboard{overview(), media(), authority(), usage()}
}

func overview() Dashboard {
	return Dashboard{UID: "sightline-overview", Title: "Sightline / Overview", Help: "Look here first. What each alert asks you to do: docs/guide/alerts.md.", Rows: []Row{
		{"Now", []Panel{
			number("Servers that answer", "none", total(`up{job="sightline"}`, ""), "Fewer than you run: SightlineDown."),
			number("Servers that serve", "none", total("sightline_ready", ""), "As /readyz says."),
			number("Alerts", "none", `count(ALERTS{alertname=~"Sightline.*",alertstate="firing"}) or vector(0)`, "Alerts that fire now."),
			number("Live viewers", "none", total("sightline_viewers_live", ""), "Viewing sessions with media flowing."),
			number("Camera layers live", "none", total(`sightline_ingest_layers{state="live"}`, ""), "Main and sub streams that send pictures."),
			number("Camera layers down", "none", total(`sightline_ingest_layers{state=~"connecting|reconnecting|offline"}`, ""), "Wanted, and without pictures."),
		}},
		{"People", []Panel{
			of("Viewers by kind", "none", "{{kind}}", total("sightline_viewers_live", "kind"), "Viewing sessions with media flowing, accounts and guests."),
			of("First picture, p95", "s", "{{phase}}", quantile("0.95", "sightline_sfu_first_picture_seconds", "phase"), "Below 0.3 s on a quiet network. The phases say where time is lost."),
			of("Tiles without pictures", "none", "{{instance}}", total("sightline_tiles_stalled", "instance"), "More than 0 for a minute: SightlineTilesStalled."),
		}},
		{"Promises", []Panel{
			of("Revocation to the end of pictures, p99", "s", "{{instance}}", quantile("0.99", "sightline_authz_revoke_to_cut_seconds", "instance"), "Promised: 1 s."),
			of("Store last heard from", "s", "{{instance}}", `max by (instance) (`+on("sightline_authz_store_silent_seconds")+`)`, "Usually below 1 s; at 30 s all pictures stop."),
			of("Decisions that could not be made", "reqps", "{{instance}}", rate(`sightline_authz_decisions_total{reason="authz_unavailable"}`, "instance"), "More than 0: the store does not answer."),
		}},
		{"Cost", []Panel{
			of("Sent", "Bps", "{{instance}}", rate("sightline_sfu_bytes_total", "instance"), "Media to viewers, payload without retransmissions."),
			of("Processor", "percentunit", "{{instance}}", rate(`process_cpu_seconds_total{job="sightline"}`, "instance"), "1 = one core."),
			of("Processor time of a packet", "s", "{{instance}}", rate(`process_cpu_seconds_total{job="sightline"}`, "instance")+" / "+rate("sightline_sfu_packets_total", "instance"), "3 to 6 µs with many viewers; with few of them everything else weighs in."),
			of("Memory", "bytes", "{{instance}}", total(`process_resident_memory_bytes{job="sightline"}`, "instance"), "Grows by less than 1 MB a viewer."),
			of("Disk free", "percentunit", "{{instance}} {{folder}}", on("sightline_disk_free_bytes")+" / "+on("sightline_disk_size_bytes"), "Below 10 %: SightlineDiskNearlyFull."),
			of("Requests", "reqps", "{{class}}", rate("sightline_http_requests_total", "class"), "5xx are faults of ours or of the store."),
		}},
		{"What runs", []Panel{
			{Title: "Versions", Help: "Two versions for longer than an update takes: one server was forgotten.", Kind: "table", Queries: []Query{{on("sightline_build_info"), ""}}},
			of("Up since", "s", "{{instance}}", `time() - max by (instance) (`+on(`process_start_time_seconds{job="sightline"}`)+`)`, "Falls to 0 with every start."),
		}},
	}}
}

func media() Dashboard {
	return Dashboard{UID: "sightline-media", Title: "Sightline / Media", Help: "Cameras in, pictures out. Camera labels are random ids; the camera's page in Sightline has the id in its address.", Rows: []Row{
		{"Cameras", []Panel{
			of("Layers by state", "none", "{{state}}", total("sightline_ingest_layers", "state"), "offline: no pictures for 30 s.").stacked(),
			of("Pictures a second", "none", "{{camera}} {{layer}}", rate("sightline_ingest_frames_total", "camera, layer"), "0 where nobody wants the layer."),
			of("Received", "Bps", "{{camera}} {{layer}}", rate("sightline_ingest_bytes_total", "camera, layer"), "Payload from cameras."),
			of("Key frames a minute", "none", "{{camera}} {{layer}}", "60 * "+rate("sightline_ingest_key_frames_total", "camera, layer"), "30 at an interval of 2 s. Few key frames make starts depend on the replay."),
			of("Packets lost from cameras", "pps", "{{camera}} {{layer}}", rate("sightline_ingest_lost_packets_total", "camera, layer"), "More than 0: the network to the camera, or UDP without need."),
			of("Connections tried, and pulls that ended", "none", "tried", "60 * "+rate("sightline_ingest_attempts_total", "job"), "A minute.").also("{{cause}}", "60 * "+rate("sightline_ingest_ended_total", "cause")),
			of("Conversions", "none", "{{kind}}", total("sightline_ingest_conversions", "kind"), "ffmpeg children: each takes a good part of a core."),
			of("Cameras known", "none", "{{instance}}", total("sightline_ingest_cameras", "instance"), ""),
			of("Wanted and not live", "none", "{{camera}} {{layer}}", "sum by (camera, layer) ("+on("sightline_ingest_wanted")+" - "+on("sightline_ingest_live")+")", "1: SightlineCameraDown after two minutes."),
		}},
		{"Viewers", []Panel{
			of("Connections", "none", "{{state}}", total("sightline_sfu_peers", "state"), "Many connecting for long: the media port is closed on the way."),
			of("Offers by outcome", "reqps", "{{result}}", rate("sightline_sfu_peers_total", "result"), "timeout and failed: media does not get through."),
			of("First picture, p95", "s", "{{phase}}", quantile("0.95", "sightline_sfu_first_picture_seconds", "phase"), "answer: processor. connect: the network. picture: replay and pacing."),
			of("Starts", "reqps", "from what is kept", rate("sightline_sfu_replay_hits_total", "job"), "Starts from kept pictures show at once; the others wait for a key frame.").
				also("waited for a key frame", rate("sightline_sfu_replay_misses_total", "job")).also("a still instead", rate("sightline_sfu_replay_skips_total", "job")),
			of("Tiles by layer", "none", "{{layer}} {{why}}", total("sightline_sfu_tiles", "layer, why"), "low_bandwidth: the way to the viewer is too narrow.").stacked(),
			of("Tiles without pictures", "none", "{{instance}}", total("sightline_tiles_stalled", "instance"), "Waiting for longer than 5 s although the camera is live."),
		}},
		{"Events and steering by ONVIF", []Panel{
			of("Cameras listened to", "none", "{{instance}}", total("sightline_onvif_listening", "instance"), "Of those with an ONVIF address."),
			of("Notifications", "none", "{{instance}}", "60 * "+rate("sightline_onvif_messages_total", "instance"), "A minute."),
			of("Failures", "none", "{{what}} {{class}}", "60 * "+rate("sightline_onvif_failures_total", "what, class")+" > 0", "A minute."),
			of("Commands obeyed", "none", "{{command}}", "60 * "+rate("sightline_ptz_commands_total", "command"), "A minute. A held direction is told twice a second."),
		}},
		{"The way out", []Panel{
			of("Packets", "pps", "{{instance}}", rate("sightline_sfu_packets_total", "instance"), "RTP, without retransmissions."),
			of("Sent", "Bps", "media", rate("sightline_sfu_bytes_total", "job"), "Payload.").
				also("sent again", rate("sightline_sfu_retransmit_bytes_total", "job")).also("probes", rate("sightline_sfu_padding_bytes_total", "job")).stacked(),
			of("Processor time of a packet", "s", "{{instance}}", rate(`process_cpu_seconds_total{job="sightline"}`, "instance")+" / "+rate("sightline_sfu_packets_total", "instance"), "Meaningful above some thousand packets a second."),
			of("Loss", "pps", "asked for again (NACK)", rate("sightline_sfu_nacks_total", "job"), "Packets viewers did not get.").
				also("sent again (RTX)", rate("sightline_sfu_retransmits_total", "job")).also("not kept any more", rate("sightline_sfu_nack_misses_total", "job")).also("over the share", rate("sightline_sfu_nack_refused_total", "job")),
			of("Errors", "pps", "refused by the system", rate("sightline_sfu_send_errors_total", "job"), "All 0 on a healthy server.").
				also("not taken", rate("sightline_sfu_unsent_total", "job")).also("panics", rate("sightline_sfu_panics_total", "job")).also("fell back from batches", rate("sightline_sfu_egress_falls_total", "job")),
			of("Backlogs dropped", "none", "{{instance}}", rate("sightline_sfu_drops_total", "instance"), "A viewer could not keep up and starts again from what is kept."),
			of("Key frames asked for", "reqps", "asked (PLI, FIR)", rate("sightline_sfu_key_requests_total", "job"), "").also("answered by a replay", rate("sightline_sfu_restarts_total", "job")),
			of("Encrypted straight into the batch", "percentunit", "{{instance}}", rate("sightline_sfu_direct_packets_total", "instance")+" / "+rate("sightline_sfu_packets_total", "instance"), "Near 1 but for viewers over TCP; below it a packet costs more.").
				also("peers it was refused for", rate("sightline_sfu_direct_refused_total", "instance")),
			of("Feedback", "pps", "read off the socket", rate("sightline_sfu_direct_feedback_total", "job"), "").also("above the limit of a peer", rate("sightline_sfu_rtcp_dropped_total", "job")),
		}},
		{"Bandwidth of viewers", []Panel{
			{Title: "Estimates", Help: "Of the ways on which a limit was met.", Kind: "heatmap", Unit: "Bps", Queries: []Query{{"sum by (le) (increase(" + on("sightline_sfu_estimate_bytes_per_second_bucket") + "[$__rate_interval]))", "{{le}}"}}},
			of("Viewers on whose way a limit was met", "none", "{{instance}}", total("sightline_sfu_limited_peers", "instance"), ""),
			of("Congestions and probes", "none", "congestions", rate("sightline_sfu_congestions_total", "job"), "A second.").also("probes {{result}}", rate("sightline_sfu_probes_total", "result")),
			of("Changes of layer", "none", "{{change}} {{why}}", rate("sightline_sfu_layer_changes_total", "change, why"), "Up and down in turn: a way near a limit."),
		}},
		{"Stills", []Panel{
			of("Stills asked for", "reqps", "{{result}}", rate("sightline_stills_total", "result"), "none: no ffmpeg. refused: too many at once."),
			of("Time to cut one", "s", "p95", quantile("0.95", "sightline_still_cut_seconds", ""), "Waiting for a core included."),
		}},
	}}
}

func authority() Dashboard {
	return Dashboard{UID: "sightline-authority", Title: "Sightline / Authority", Help: "Who may watch: decisions, revocations, the store.", Rows: []Row{
		{"Decisions", []Panel{
			of("Decisions by reason", "reqps", "{{reason}}", rate("sightline_authz_decisions_total", "reason")+" > 0", "ok = allowed. authz_unavailable: the store does not answer."),
			of("Pictures that run", "none", "{{instance}}", total("sightline_authz_leases", "instance"), "Each is decided again whenever one of its records changes."),
			of("Pictures ended, by reason", "none", "{{reason}}", rate("sightline_authz_leases_ended_total", "reason")+" > 0", "A second. ok: the viewer left."),
		}},
		{"Revocations", []Panel{
			of("From a change to the end of pictures", "s", "p50", quantile("0.5", "sightline_authz_revoke_to_cut_seconds", ""), "Promised: p99 within 1 s.").also("p99", quantile("0.99", "sightline_authz_revoke_to_cut_seconds", "")),
			of("From the decision to the tile", "s", "p99", quantile("0.99", "sightline_tile_cut_seconds", ""), "The control room's share of it."),
			of("Tiles cut", "none", "{{kind}}", rate("sightline_tiles_cut_total", "kind"), "A second.").also("cut by the gate alone", rate("sightline_sfu_gate_ends_total", "job")),
		}},
		{"Store", []Panel{
			of("Calls, p99", "s", "{{op}}", quantile("0.99", "sightline_store_call_seconds", "op"), "Calls are given up at 250 ms."),
			of("Calls", "reqps", "{{op}}", rate("sightline_store_call_seconds_count", "op"), ""),
			of("Errors", "reqps", "{{op}} {{cause}}", rate("sightline_store_errors_total", "op, cause"), "conflict is two people changing one thing; the others are trouble."),
			of("Last heard from", "s", "authority, {{instance}}", `max by (instance) (`+on("sightline_authz_store_silent_seconds")+`)`, "At 30 s all pictures stop.").also("control room, {{instance}}", `max by (instance) (`+on("sightline_follow_age_seconds")+`)`),
		}},
		{"Doors", []Panel{
			of("Time to an answer, p95", "s", "{{who}}", quantile("0.95", "sightline_http_request_seconds", "who"), "By who may ask."),
			of("Failed requests by route", "reqps", "{{route}}", "topk(10, "+rate(`sightline_http_requests_total{class="5xx"}`, "route")+")", ""),
			of("Refused by limits", "reqps", "{{kind}}", rate(`sightline_ratelimit_answers_total{result="refused"}`, "kind"), "login: somebody tries passwords."),
			of("Passwords", "reqps", "hashed", rate("sightline_authz_password_hashes_total", "job"), "Each takes some tens of ms of a core.").also("refused: too many wait", rate("sightline_authz_password_refused_total", "job")),
			of("Sockets", "none", "{{kind}}", total("sightline_web_sockets", "kind"), "One an open page."),
			of("Sockets closed by us", "none", "{{code}}", rate("sightline_web_socket_closes_total", "code"), "A second. 4000 to 4002: the page comes back by itself. 4500 on: it may not.").also("did not read", rate("sightline_sockets_slow_total", "job")),
			of("Certificate ends in", "s", "{{instance}}", on("sightline_tls_certificate_expiry_timestamp_seconds")+" - time()", "Absent where another program ends TLS."),
		}},
	}}
}

func usage() Dashboard {
	return Dashboard{UID: "sightline-usage", Title: "Sightline / Usage and throttling", Help: "What viewers, guests and still cameras use. Nobody is named here; the owner of a link sees its figures on its own page.", Rows: []Row{
		{"Viewing", []Panel{
			number("Hours viewed in 24 h", "h", "sum(increase("+on("sightline_viewing_seconds_total")+"[1d])) / 3600", "Viewing time, whatever the number of tiles."),
			number("Guests' hours in 24 h", "h", `sum(increase(`+on(`sightline_link_viewing_seconds_total`)+`[1d])) / 3600`, "These count against the budgets of links."),
			number("Guests' addresses", "none", total("sightline_guest_addresses", ""), "Different client addresses that watch now."),
			number("Guests with stills", "none", total("sightline_guests_throttled", ""), "All reasons."),
			number("Sessions open", "none", total("sightline_viewing_sessions", ""), "With or without media."),
			number("Gallery updates in 24 h", "none", "sum(increase("+on("sightline_gallery_updates_total")+"[1d]))", "Those that count."),
			of("Viewing", "none", "{{kind}}", rate("sightline_viewing_seconds_total", "kind"), "Seconds viewed a second: viewers on average."),
			of("Sessions", "none", "{{kind}} open", total("sightline_viewing_sessions", "kind"), "").also("{{kind}} live", total("sightline_viewers_live", "kind")),
			of("Sessions opened and refused", "none", "{{kind}} opened", rate("sightline_viewing_opened_total", "kind"), "A second.").also("refused: {{reason}}", rate("sightline_viewing_refused_total", "reason")).also("ended by a fault", rate("sightline_viewing_panics_total", "job")),
		}},
		{"Throttling", []Panel{
			of("Guests with stills, by reason", "none", "{{reason}}", total("sightline_guests_throttled", "reason"), "throttled_users: past the live places of a link. throttled_hours: past its hours. authz_unavailable: the limits cannot be read.").stacked(),
			of("Live places in use", "none", "{{instance}}", total("sightline_guest_slots", "instance"), "Guests that hold one of their link's live places; a link has limits.link_users of them."),
			of("Gallery updates", "none", "{{instance}}", "60 * "+rate("sightline_gallery_updates_total", "instance"), "A minute, those that count."),
			of("Live video by what budgets count", "Bps", "{{instance}}", rate("sightline_egress_bytes_total", "instance"), "What counts against the egress budgets of accounts."),
			of("Accounts past their egress budget", "none", "{{state}}", total("sightline_egress_accounts", "state"), "sub: their cameras' small layer is left. stills: pictures a minute are."),
			of("Answers of limits", "reqps", "{{kind}} {{result}}", rate("sightline_ratelimit_answers_total", "kind, result"), ""),
		}},
		{"Images", []Panel{
			of("Images by way", "none", "{{via}}", "60 * "+rate("sightline_images_total", "via"), "A minute."),
			of("Images by outcome", "none", "{{outcome}}", "60 * "+rate("sightline_images_total", "outcome"), "stored and known are well; the others say why an image was refused."),
			of("Until receivers have their copies, p95", "s", "p95", quantile("0.95", "sightline_image_copies_seconds", ""), "For groups; grows with their members."),
			of("Lost or left over", "none", "no room in a gallery", rate("sightline_images_skipped_total", "job"), "").also("bytes missing", rate("sightline_image_bytes_missing_total", "job")).also("left over, removed", rate("sightline_image_leftovers_total", "job")),
			of("Still cameras refused", "none", "{{via}} {{code}}", rate("sightline_intake_refused_total", "via, code"), "Files over mail and FTP.").also("{{via}}: wrong key", rate("sightline_intake_wrong_key_total", "via")),
		}},
		{"Footage", []Panel{
			of("Cameras recorded", "none", "recorded", total("sightline_archive_recording", "job"), "").also("wanted", total("sightline_archive_wanted", "job")),
			of("Footage on disks", "bytes", "{{instance}} {{disk}}", total("sightline_archive_disk_used_bytes", "instance, disk"), "Disks are numbered as archive.disks lists them.").also("{{instance}} {{disk}} free", total("sightline_archive_disk_free_bytes", "instance, disk")),
			of("Disks that take footage", "none", "{{instance}} {{disk}}", total("sightline_archive_disk_well", "instance, disk"), "0: SightlineFootageDisk."),
			of("Footage written", "Bps", "{{instance}}", rate("sightline_archive_written_bytes_total", "instance"), "About what the recorded layers send.").also("{{instance}} removed, {{reason}}", rate("sightline_archive_removed_bytes_total", "instance, reason")).also("{{instance}} moved to the bucket", rate("sightline_archive_moved_bytes_total", "instance")),
			of("Gaps", "none", "{{reason}}", "60 * "+rate("sightline_archive_gaps_total", "reason"), "A minute. More than 0: SightlineFootageLost."),
			of("Files begun", "none", "{{instance}}", "60 * "+rate("sightline_archive_segments_total", "instance"), "A minute; one a camera and minute is usual."),
			of("A fragment on the disk, p99", "s", "{{instance}}", quantile("0.99", "sightline_archive_write_seconds", "instance"), "A second of one camera. Near 1 s the disk is at its end."),
			of("Waits for the bucket", "bytes", "{{instance}}", total("sightline_archive_bucket_waiting_bytes", "instance"), "Grows while the bucket is away or slower than the cameras."),
			of("Footage read", "Bps", "{{instance}}", rate("sightline_footage_read_bytes_total", "instance"), "By players: beside the live pictures a part of what leaves the server."),
			of("Answers with footage", "none", "{{instance}}", total("sightline_footage_answers", "instance"), "Near 1,024 slow readers take all places.").also("{{instance}} cut, a minute", "60 * "+rate("sightline_footage_cut_total", "instance")),
			of("Stills of recordings", "reqps", "{{result}}", rate("sightline_archive_stills_total", "result"), "none: no ffmpeg. refused: too many at once."),
			of("Time to cut one of recordings", "s", "p95", quantile("0.95", "sightline_archive_still_seconds", ""), "Waiting for a core included."),
			of("Exports", "none", "{{instance}} downloads", total("sightline_exports_running", "instance"), "").also("{{instance}} with a watermark", total("sightline_exports_marking", "instance")).also("made", "60 * "+rate("sightline_exports_total", "job")).also("failed, {{reason}}", "60 * "+rate("sightline_exports_failed_total", "reason")),
			of("Exports handed out", "Bps", "{{instance}}", rate("sightline_export_bytes_total", "instance"), ""),
			of("Bucket", "none", "{{instance}} takes footage", total("sightline_archive_bucket_well", "instance"), "0: SightlineFootageBucket.").also("{{instance}} failures", "60 * "+rate("sightline_archive_bucket_failures_total", "instance")),
		}},
		{"Events", []Panel{
			of("Events of cameras", "none", "{{kind}}", "60 * "+rate("sightline_events_total", "kind"), "Begun, a minute. lost for many at once: the cameras' network.").also("removed", "60 * "+rate("sightline_events_removed_total", "job")),
			of("Reports of events", "none", "{{source}} {{outcome}}", "60 * "+rate("sightline_event_reports_total", "source, outcome"), "A minute. limited: a camera or a hook reports too much. failed: the store was away."),
			of("Events that go on", "none", "{{instance}}", total("sightline_events_running", "instance"), ""),
			of("Streams watched for movement", "none", "{{instance}} cameras", total("sightline_motion_cameras", "instance"), "").also("{{instance}} pictures a second", rate("sightline_motion_frames_total", "instance")).also("{{instance}} begun anew after a fault", rate("sightline_motion_faults_total", "instance")).also("{{instance}} cameras told by the data rate", total("sightline_motion_blind", "instance")),
			of("Looks for movement", "none", "{{outcome}}", rate("sightline_motion_looks_total", "outcome"), "A second. skipped: events.motion_share does not suffice. failed: the decoder ended or hung.").also("{{instance}} share of a core's time", rate("sightline_motion_look_seconds_total", "instance")),
		}},
		{"Messages", []Panel{
			of("Notices", "none", "{{kind}}", "60 * "+rate("sightline_notices_total", "kind"), "A minute.").also("none, {{reason}}", "60 * "+rate("sightline_notice_drops_total", "reason")),
			of("Notices that leave", "none", "{{channel}} {{outcome}}", "60 * "+rate("sightline_notice_sends_total", "channel, outcome"), "A minute. withdrawn: the level was gone when they were to go, as it should be."),
			of("Mail", "none", "{{outcome}}", "60 * "+rate("sightline_mails_total", "outcome"), "A minute. retry for long: the mail server does not answer."),
			of("Push and webhooks", "none", "push {{outcome}}", "60 * "+rate("sightline_push_messages_total", "outcome"), "A minute. retry or unreachable for all: no way out.").also("webhook {{outcome}}", "60 * "+rate("sightline_webhook_deliveries_total", "outcome")).also("switched off, {{reason}}", "60 * "+rate("sightline_webhooks_off_total", "reason")),
			of("Webhooks' answers, p95", "s", "{{instance}}", quantile("0.95", "sightline_webhook_seconds", "instance"), "10 s is the limit."),
		}},
	}}
}
