/** What every report has near its beginning: it says who wrote it. */
export const REPORT_MARK = '<meta name="generator" content="icthp '
