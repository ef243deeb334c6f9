// Starts a saved page: nbtrack/widgets/page.py writes the element, the data and this.
import { show } from '../views/app';
import { IPageData, PageHost } from './page';

const element = document.getElementById('nbtrack');
const data = document.getElementById('nbtrack-data')?.textContent;
if (element && data) {
  show(element, new PageHost(JSON.parse(data) as IPageData));
}
