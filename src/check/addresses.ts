/** Tells with findings where in an object store the file lies. */
import type { ObjectCheck } from '../files/object-check.ts';
import type { CheckReport } from './check-event.ts';

/** Returns a report that tells of what lies in an object store where it lies. */
export function withAddresses(report: CheckReport, objects: ObjectCheck | undefined): CheckReport {
  if (objects === undefined) return report;
  return (event) => {
    if (event.type === 'finding') {
      const { finding } = event;
      report({ ...event, finding: { ...finding, address: finding.address ?? objects.addressOf(finding.path) } });
    } else if (event.type === 'discarded' || event.type === 'empty-folder')
      report({ ...event, address: objects.addressOf(event.path) });
    else report(event);
  };
}
