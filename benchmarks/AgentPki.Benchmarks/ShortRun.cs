using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace AgentPki.Benchmarks;

/// <summary>
/// Short and in one process: a token library wants to be loaded once, and the whole set shall end within minutes. Good for telling halves from
/// doubles and for the shape of a change; not for single percents.
/// </summary>
internal static class ShortRun
{
    internal static IConfig Config { get; } = ManualConfig.CreateEmpty()
        .AddJob(Job.Default
            .WithToolchain(new InProcessEmitToolchain(TimeSpan.FromMinutes(10), logOutput: false))
            .WithWarmupCount(4)
            .WithIterationCount(8)
            .WithIterationTime(TimeInterval.FromMilliseconds(250)))
        .AddDiagnoser(MemoryDiagnoser.Default)
        .AddColumnProvider(DefaultColumnProviders.Instance)
        .AddColumn(StatisticColumn.OperationsPerSecond)
        .AddLogger(ConsoleLogger.Default)
        .AddExporter(MarkdownExporter.GitHub)
        .WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(48)) // "provider algorithm" whole
        .WithOptions(ConfigOptions.JoinSummary | ConfigOptions.DisableLogFile);
}
