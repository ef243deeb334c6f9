// What a run kept: each file opens in a viewer.
import { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { folders } from '../models/artifacts';
import { formatBytes } from '../models/format';
import { problemOf } from '../models/host';
import { IProblem } from '../models/shapes';
import { STRINGS } from '../models/strings';
import { IKeptFile } from '../models/wire';
import { useId } from './hooks';

const T = STRINGS.artifacts;
const FEW = 12; // files that are all seen at once
const MOST = 200; // files of one folder that are listed

interface IProps {
  /** Something else when they may have become others. */
  version: unknown;
  read(): Promise<IKeptFile[]>;
  open(path: string): void;
}

export function Artifacts({ version, read, open }: IProps): VNode | null {
  const [files, setFiles] = useState<IKeptFile[]>([]);
  const [problem, setProblem] = useState<IProblem | null>(null);
  const [filter, setFilter] = useState('');
  const id = useId('artifacts');
  useEffect(() => {
    let isHere = true;
    read().then(
      found => {
        if (isHere) {
          setFiles(found);
          setProblem(null);
        }
      },
      error => isHere && setProblem(problemOf(error))
    );
    return () => {
      isHere = false;
    };
  }, [version]);
  if (problem) {
    return (
      <p role="alert" class="nbt-note nbt-problem">
        {T.unread} {problem.text} {problem.mend}
      </p>
    );
  }
  if (!files.length) {
    return null;
  }
  const isMany = files.length > FEW;
  return (
    <section class="nbt-kept" aria-labelledby={id}>
      <header>
        <h4 id={id}>{T.title(files.length)}</h4>
        {isMany && <input type="search" value={filter} placeholder={T.filter} aria-label={T.filter} onInput={event => setFilter(event.currentTarget.value)} />}
      </header>
      {folders(files, filter).map(folder => (
        <details key={folder.name} open={!isMany || filter !== '' || folder.name === ''}>
          <summary>
            {folder.name || T.top} <span class="nbt-faint">{T.files(folder.files.length, formatBytes(folder.size_bytes))}</span>
          </summary>
          <ul>
            {folder.files.slice(0, MOST).map(file => (
              <li key={file.path}>
                <button type="button" class="nbt-link" title={T.open(file.path)} onClick={() => open(file.path)}>
                  {folder.name ? file.path.slice(folder.name.length + 1) : file.path}
                </button>
                <span class="nbt-faint">{formatBytes(file.size_bytes)}</span>
              </li>
            ))}
            {folder.files.length > MOST && <li class="nbt-faint">{T.more(folder.files.length - MOST)}</li>}
          </ul>
        </details>
      ))}
    </section>
  );
}
