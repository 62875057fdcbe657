/** The port to a target that another mirror program has left, or whose state was lost. All methods throw StorageError. */

export interface OldTarget {
  /** For people: the program, and what it says of its mirror. */
  readonly from: string;
  /** For a tree of ours whose state was lost: the index that it mirrors. */
  readonly ownUpstream: string | undefined;
  /** Brings the tree to where ours lies, below `web/`. */
  moveTree(): void;
  /** Puts the program's state, and what nobody will keep up to date any more, aside into `old-state/`. */
  setStateAside(): void;
}
