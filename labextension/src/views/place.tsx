// Where MLflow shows a run.
import { VNode } from 'preact';

import { STRINGS } from '../models/strings';
import { IMlflowPlace } from '../models/wire';

const T = STRINGS.run;

interface IProps {
  place: IMlflowPlace;
  copy(text: string): Promise<void>;
  close(): void;
}

export function Place({ place, copy, close }: IProps): VNode {
  return (
    <div class="nbt-place" role="status">
      {place.url ? (
        <span>
          {place.is_delivered ? T.mlflowAt : T.mlflowSoon}{' '}
          <a href={place.url} target="_blank" rel="noopener noreferrer">
            {place.url}
          </a>
        </span>
      ) : place.command ? (
        <>
          <span>{T.mlflowCommand(place.store)}</span>
          <code>{place.command}</code>
          <button type="button" onClick={() => void copy(place.command)}>
            {T.copyCommand}
          </button>
        </>
      ) : (
        <span>{T.mlflowNone(place.store)}</span>
      )}
      <button type="button" onClick={close}>
        {STRINGS.close}
      </button>
    </div>
  );
}
