// One field of a form for parameters: its name and type, what it may be, its help, and what is wrong with it.
import { VNode } from 'preact';

import { joined, shown, split } from '../models/form';
import { Form } from '../models/form_state';
import { FORM } from '../models/form_strings';
import { IParameter } from '../models/wire';

export function Field({ form, of, id }: { form: Form; of: IParameter; id: string }): VNode {
  const wrong = form.mistakes.get(of.name) ?? '';
  const typed = form.text(of.name);
  const text = typed ?? shown(of, form.isGrid);
  const about = { 'aria-describedby': `${id}-help${wrong ? ` ${id}-wrong` : ''}`, 'aria-invalid': wrong ? (true as const) : undefined };
  const set = (event: { currentTarget: { value: string } }): void => form.type(of.name, event.currentTarget.value);
  const isMany = form.isGrid && of.choices.length > 0;
  const placeholder = of.is_computed ? FORM.computed(of.text) : FORM.default(of.text);
  return (
    <div class={`nbt-field${wrong ? ' nbt-wrong' : ''}`} role={isMany ? 'group' : undefined} aria-labelledby={isMany ? `${id}-name` : undefined}>
      <label class="nbt-asked" id={`${id}-name`} for={isMany ? undefined : id}>
        {of.name} <span class="nbt-faint">{of.type}</span>
      </label>
      <div class="nbt-given">
        {isMany ? (
          <Several of={of} text={text} set={value => form.type(of.name, value)} about={about} />
        ) : of.choices.length ? (
          <select id={id} value={text} onChange={set} {...about}>
            {(of.is_computed || !of.choices.includes(text)) && <option value="">{placeholder}</option>}
            {of.choices.map(it => (
              <option key={it} value={it}>
                {it}
              </option>
            ))}
          </select>
        ) : of.value.includes('\n') && !form.isGrid ? (
          <textarea id={id} value={text} rows={Math.min(8, text.split('\n').length + 1)} spellcheck={false} onInput={set} {...about} />
        ) : (
          <input id={id} type="text" value={text} placeholder={placeholder} spellcheck={false} autocomplete="off" onInput={set} {...about} />
        )}
        {typed !== undefined && typed !== shown(of, form.isGrid) && (
          <button type="button" aria-label={FORM.resetOf(of.name)} title={FORM.default(of.text)} onClick={() => form.type(of.name, shown(of, form.isGrid))}>
            {FORM.reset}
          </button>
        )}
      </div>
      <span id={`${id}-help`} class="nbt-help nbt-faint">
        {of.help}
      </span>
      {wrong && (
        <span id={`${id}-wrong`} class="nbt-help nbt-problem">
          {wrong}
        </span>
      )}
    </div>
  );
}

interface ISeveral {
  of: IParameter;
  text: string;
  set(text: string): void;
  about: { 'aria-describedby': string };
}

/** Some of a short list. */
function Several({ of, text, set, about }: ISeveral): VNode {
  const chosen = split(text);
  return (
    <span class="nbt-several">
      {of.choices.map(it => (
        <label key={it}>
          <input
            type="checkbox"
            checked={chosen.includes(it)}
            {...about}
            onChange={event => set(joined(of.choices.filter(other => (other === it ? event.currentTarget.checked : chosen.includes(other)))))}
          />
          {it}
        </label>
      ))}
    </span>
  );
}
