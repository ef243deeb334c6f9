// Names of nbtrack's commands.
export const OPEN_RUN = 'nbtrack:open-run';
export const OPEN_COMPARE = 'nbtrack:compare';
export const SHOW_RUNS = 'nbtrack:show-runs';
export const TRACK_CELL = 'nbtrack:track-cell';
export const TRACK_ON = 'nbtrack:track-on';
export const TRACK_OFF = 'nbtrack:track-off';
export const CATEGORY = 'nbtrack';
