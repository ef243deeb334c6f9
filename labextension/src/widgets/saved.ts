// Starts a saved page: nbtrack/widgets/page.py writes the element, the data and this.
import { whole } from '../models/runs';
import { show } from '../views/app';
import { IPageData, PageHost } from './page';

const element = document.getElementById('nbtrack');
const data = document.getElementById('nbtrack-data')?.textContent;
if (element && data) {
  const kept = JSON.parse(data) as IPageData;
  show(element, new PageHost({ ...kept, runs: whole(kept.runs) }));
}
