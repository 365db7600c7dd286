using AgentPki.Server.Configuration;
using OpenTelemetry.Metrics;

namespace AgentPki.Server.Hosting;

/// <summary>Metrics by OpenTelemetry's names: <c>/metrics</c> for Prometheus at the HTTP port; pushed by OTLP when the environment names a collector.</summary>
public static class Telemetry
{
    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private static readonly string[] Meters = ["AgentPki.*", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    public static void AddTelemetry(this IServiceCollection services, MetricsAudience audience, Func<string, string?> variable)
    {
        var push = variable(OtlpEndpoint) is { Length: > 0 };
        if (audience == MetricsAudience.Nobody && !push)
        {
            return;
        }

        services.AddOpenTelemetry().WithMetrics(metrics =>
        {
            metrics.AddMeter(Meters);
            if (audience != MetricsAudience.Nobody)
            {
                metrics.AddPrometheusExporter();
            }

            if (push)
            {
                metrics.AddOtlpExporter();
            }
        });
    }

    public static void MapMetrics(this IEndpointRouteBuilder routes, MetricsAudience audience)
    {
        if (audience == MetricsAudience.Nobody)
        {
            return;
        }

        var endpoint = routes.MapPrometheusScrapingEndpoint();
        if (audience == MetricsAudience.Loopback)
        {
            endpoint.WithMetadata(new LoopbackOnlyMetadata());
        }
    }
}
