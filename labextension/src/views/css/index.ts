// All of our styles, in the order in which later ones go before earlier ones.
import bars from './bars.css';
import charts from './charts.css';
import details from './details.css';
import grid from './grid.css';
import ground from './ground.css';
import job from './job.css';
import panel from './panel.css';
import run from './run.css';
import tabs from './tabs.css';

export const styles = [ground, bars, grid, details, charts, tabs, panel, job, run].join('\n');
