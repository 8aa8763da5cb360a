/** What the service answered about an event of the catalog of 2024-11-01, for tests. */
import type { Conjunction, Schemas } from "@/api/client";

export const CONJUNCTION: Conjunction = {
  id: "9d70162e-0a1e-5dee-9955-9d2dfeb1172d",
  public: true,
  status: "active",
  relation: false,
  tca: "2024-11-05T02:34:20.711546Z",
  miss_distance_km: 0.10057658752629253,
  miss_radial_km: 0.09526828397146064,
  miss_in_track_km: 0.028204422976554372,
  miss_cross_track_km: 0.015624165645778662,
  relative_speed_km_s: 7.331617683930837,
  maximum_probability: 0.036667831549799,
  dilution_km: 0.027132888808240933,
  probability: null,
  probability_method: "maximum",
  at_edge: false,
  objects: [
    { catalog_number: 55573, name: "STARLINK-5738", grade: "gp", epoch: "2024-10-31T14:38:38.892768Z", hard_body_radius_m: 10 },
    { catalog_number: 56695, name: "STARLINK-30121", grade: "gp", epoch: "2024-10-31T17:30:30.535776Z", hard_body_radius_m: 10 },
  ],
  run: "01a2286d-86aa-7d76-b9aa-a0eee1b20fd6",
  first_seen: "2026-11-29T17:49:56.266916Z",
  last_seen: "2026-11-29T17:49:56.266916Z",
};

export const GEOMETRY: Schemas["GeometryRow"] = {
  id: CONJUNCTION.id,
  run: CONJUNCTION.run,
  tca: CONJUNCTION.tca,
  time_scale: "UTC",
  frame: "TEME",
  objects: [
    {
      catalog_number: 55573,
      name: "STARLINK-5738",
      grade: "gp",
      epoch: "2024-10-31T14:38:38.892768Z",
      data_age_days: 4.497011791412037,
      hard_body_radius_m: 10,
      position_km: [5710.832152970901, 1008.0930210770665, -3811.282128831946],
      velocity_km_s: [-3.1351911091905884, 6.181278740796565, -3.0637578901703666],
    },
    {
      catalog_number: 56695,
      name: "STARLINK-30121",
      grade: "gp",
      epoch: "2024-10-31T17:30:30.535776Z",
      data_age_days: 4.3776640714120365,
      hard_body_radius_m: 10,
      position_km: [5710.904966352159, 1008.1386156842767, -3811.3344259950395],
      velocity_km_s: [0.8282043620673305, 6.881060570468438, 3.0644081970535018],
    },
  ],
  relative_position_km: [0.07281338125812908, 0.04559460721020514, -0.052297163093498966],
  relative_velocity_km_s: [3.963395471257919, 0.6997818296718732, 6.128166087223868],
  miss_distance_km: 0.10057658755656103,
  miss_radial_km: 0.09526828361040164,
  miss_in_track_km: 0.02820387551441689,
  miss_cross_track_km: 0.015625156268592538,
  relative_speed_km_s: 7.331617683930838,
  approach_angle_deg: 57.86104049683668,
  radial_axis: [0.8229537426420903, 0.1452702342503903, -0.5492209905968751],
  in_track_axis: [-0.4137857290424983, 0.8156904869159078, -0.4042652594468851],
  cross_track_axis: [0.3892666283052585, 0.5599514162815609, 0.7313862888324677],
  encounter_plane: {
    x_axis: [0.7239530991885391, 0.4533310756871338, -0.5199835054996029],
    y_axis: [-0.428549778321741, 0.8862171190751712, 0.1759667734502478],
    z_axis: [0.5405894909038614, 0.09544712501930215, 0.8358545619004862],
    tca_shift_s: -1.6374745875925594e-7,
    miss_x_km: 0.10057658754939593,
    miss_y_km: 0,
    covariance: {
      basis: "assumed",
      sigma_across_km: 0.019185849669487744,
      variance_x_km2: 0.0011995549073344264,
      covariance_xy_km2: 0.0013695499362173379,
      variance_y_km2: 0.004784151956877448,
      sigma_major_km: 0.07243972121102833,
      sigma_minor_km: 0.027132888808240937,
      major_axis_angle_deg: 71.30772604628459,
      mahalanobis_distance: 3.5393749583259098,
    },
  },
  combined_hard_body_radius_m: 20,
  collision: { probability: 0.036667831549799, probability_method: "maximum", basis: "assumed_covariance" },
};

/** States of both around closest approach. */
export const STATES: [Schemas["StateRow"][], Schemas["StateRow"][]] = [
  [
    { time: "2024-11-05T02:34:15.711Z", position_km: [5726.424607750369, 977.1684549927124, -3795.90478294076], velocity_km_s: [-3.101105103029988, 6.18719533165309, -3.086491630445581] },
    { time: "2024-11-05T02:34:20.711Z", position_km: [5710.833864781169, 1008.089646106742, -3811.2804560189898], velocity_km_s: [-3.1351873925210163, 6.181279396872311, -3.06376037741247] },
    { time: "2024-11-05T02:34:25.711Z", position_km: [5695.072945426937, 1038.9807971880912, -3826.54224459168], velocity_km_s: [-3.169175651353937, 6.175179373676428, -3.0409379811981823] },
  ],
  [
    { time: "2024-11-05T02:34:15.711Z", position_km: [5706.678409563663, 973.7147725973451, -3826.6011185703737], velocity_km_s: [0.862229690666193, 6.8869666644870895, 3.041583944606141] },
    { time: "2024-11-05T02:34:20.711Z", position_km: [5710.904514151616, 1008.134858632585, -3811.336099162051], velocity_km_s: [0.8282080786316232, 6.881061226548502, 3.0644057098786406] },
    { time: "2024-11-05T02:34:25.711Z", position_km: [5714.960447120673, 1042.5249046979252, -3795.9571982930825], velocity_km_s: [0.7941610868282175, 6.874950625147783, 3.087136380386133] },
  ],
];
