/** The content of the sample upstream, in memory: projects, their files, and the journal of their changes. */

import type { Distribution } from './distributions.ts';
import { makeFile, type PublishOptions, provenanceText } from './make-file.ts';
import { normalizedName } from './names.ts';
import type { JournalRow, SampleFile, SampleProject, SampleRelease } from './sample-model.ts';

/** The options of a sample index. */
export interface SampleIndexOptions {
  /** The serial before the first journal row. */
  readonly serial?: number;
  /** The clock. By default one that advances by 70.25 s with each change. */
  readonly now?: () => Date;
}

const steadyClock = (): (() => Date) => {
  let time = Date.UTC(2026, 0, 5, 9);
  return () => {
    time += 70_250;
    return new Date(time);
  };
};

/** An index of projects. Every change is a method, named after an action of an owner or administrator. */
export class SampleIndex {
  readonly journal: JournalRow[] = [];
  readonly #projects = new Map<string, SampleProject>();
  readonly #blobs = new Map<string, SampleFile>();
  readonly #now: () => Date;
  #serial: number;

  constructor({ serial = 1000, now = steadyClock() }: SampleIndexOptions = {}) {
    this.#serial = serial;
    this.#now = now;
  }

  /** The highest serial of the journal. */
  get serial(): number {
    return this.#serial;
  }

  /** Returns all projects, including quarantined ones, ordered by normalized name. */
  projects(): SampleProject[] {
    return [...this.#projects.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  /** Returns the project with this name in any spelling. */
  find(name: string): SampleProject | undefined {
    return this.#projects.get(normalizedName(name));
  }

  /** Returns the file at a `/packages/...` path. As on PyPI it outlives its project. */
  blob(path: string): SampleFile | undefined {
    return this.#blobs.get(path);
  }

  /** Returns the path of a published file. Throws if there is none. */
  pathOf(name: string, filename: string): string {
    return this.#file(name, filename).path;
  }

  /** Returns the journal rows above the serial, oldest first. */
  changesSince(serial: number, limit: number): JournalRow[] {
    const start = this.journal.findIndex((row) => row[4] > serial);
    return start < 0 ? [] : this.journal.slice(start, start + limit);
  }

  /** Registers a name without files. */
  create(displayName: string): SampleProject {
    const name = normalizedName(displayName);
    if (this.#projects.has(name)) throw new Error(`${name} exists already`);
    const project: SampleProject = {
      displayName,
      name,
      serial: 0,
      archived: false,
      quarantined: false,
      releases: new Map(),
      files: new Map(),
    };
    this.#projects.set(name, project);
    this.#record(project, null, 'create');
    return project;
  }

  /** Publishes a file, and creates its project and release if necessary. */
  publish(distribution: Distribution, options: PublishOptions = {}): SampleFile {
    const { name, version, filename } = distribution;
    const project = this.find(name) ?? this.create(options.displayName ?? name);
    if (project.files.has(filename)) throw new Error(`${filename} exists already`);
    if (!project.releases.has(version)) {
      project.releases.set(version, { yanked: false, quarantined: false });
      this.#record(project, version, 'new release');
    }
    const file = makeFile(distribution, options, options.uploadTime ?? this.#now());
    project.files.set(filename, file);
    this.#blobs.set(file.path, file);
    const pythonTag = filename.endsWith('.whl') ? (filename.split('-').at(-3) ?? '') : 'source';
    this.#record(project, version, `add ${pythonTag} file ${filename}`);
    const { yanked = false } = options;
    if (yanked !== false) this.yank(name, version, yanked === true ? '' : yanked);
    return file;
  }

  /** Yanks a release (PEP 592). */
  yank(name: string, version: string, reason = ''): void {
    this.#release(name, version).yanked = reason === '' ? true : reason;
    this.#record(this.#project(name), version, 'yank release');
  }

  unyank(name: string, version: string): void {
    this.#release(name, version).yanked = false;
    this.#record(this.#project(name), version, 'unyank release');
  }

  removeFile(name: string, filename: string): void {
    const { version } = this.#file(name, filename);
    this.#project(name).files.delete(filename);
    this.#record(this.#project(name), version, `remove file ${filename}`);
  }

  removeRelease(name: string, version: string): void {
    const project = this.#project(name);
    for (const file of project.files.values()) if (file.version === version) project.files.delete(file.filename);
    project.releases.delete(version);
    this.#record(project, version, 'remove release');
  }

  removeProject(name: string): void {
    const project = this.#project(name);
    this.#projects.delete(project.name);
    this.#record(project, null, 'remove project');
  }

  /** Hides all files of a project (PEP 792), and removes it from the list. */
  quarantine(name: string): void {
    this.#project(name).quarantined = true;
    this.#record(this.#project(name), null, 'project quarantined');
  }

  clearQuarantine(name: string): void {
    this.#project(name).quarantined = false;
    this.#record(this.#project(name), null, 'project quarantine cleared');
  }

  /** Hides the files of one release. */
  quarantineRelease(name: string, version: string): void {
    this.#release(name, version).quarantined = true;
    this.#record(this.#project(name), version, 'release quarantined');
  }

  clearReleaseQuarantine(name: string, version: string): void {
    this.#release(name, version).quarantined = false;
    this.#record(this.#project(name), version, 'release quarantine cleared');
  }

  /** Sets or removes the archived status of a project (PEP 792). As on PyPI no serial changes. */
  archive(name: string, archived = true): void {
    this.#project(name).archived = archived;
  }

  /** Sets or removes the provenance object of a file. As on PyPI no serial changes. */
  attest(name: string, filename: string, provenance: boolean | string = true): void {
    const file = this.#file(name, filename);
    const text = provenanceText(provenance, file.filename, file.sha256);
    if (text === undefined) delete file.provenance;
    else file.provenance = text;
  }

  /** Adds a role row, which raises the serial and changes nothing else. */
  addRole(name: string, user: string, role = 'Maintainer'): void {
    this.#record(this.#project(name), null, `add ${role} ${user}`);
  }

  /**
   * Adds a journal row that changes no project's own serial, as a race in PyPI's triggers does. The name need not
   * exist.
   */
  addStrayRow(name: string | null, version: string | null, action: string | null): void {
    this.#serial += 1;
    this.journal.push([name, version, Math.floor(this.#now().getTime() / 1000), action, this.#serial]);
  }

  #record(project: SampleProject, version: string | null, action: string): void {
    this.addStrayRow(project.displayName, version, action);
    project.serial = this.#serial;
  }

  #project(name: string): SampleProject {
    return required(this.find(name), name);
  }

  #release(name: string, version: string): SampleRelease {
    return required(this.#project(name).releases.get(version), `${name} ${version}`);
  }

  #file(name: string, filename: string): SampleFile {
    return required(this.#project(name).files.get(filename), filename);
  }
}

const required = <T>(value: T | undefined, what: string): T => {
  if (value === undefined) throw new Error(`the sample index has no ${what}`);
  return value;
};
