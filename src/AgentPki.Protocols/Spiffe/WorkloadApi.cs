using AgentPki.Protocols.Spiffe.Wire;
using Grpc.Core;

namespace AgentPki.Protocols.Spiffe;

/// <summary>The methods of the SPIFFE Workload API; who asks is found out in <see cref="WorkloadCalls"/>.</summary>
public sealed class WorkloadApi : SpiffeWorkloadAPI.SpiffeWorkloadAPIBase
{
    private readonly WorkloadStream _streams;
    private readonly X509Messages _x509;

    public WorkloadApi(SpiffeServices services)
    {
        _streams = new WorkloadStream(services, new WorkloadCalls(services));
        _x509 = new X509Messages(services);
    }

    public override Task FetchX509SVID(X509SVIDRequest request, IServerStreamWriter<X509SVIDResponse> responseStream, ServerCallContext context) =>
        _streams.RunAsync(context, responseStream, _x509.SvidsAsync);

    public override Task FetchX509Bundles(X509BundlesRequest request, IServerStreamWriter<X509BundlesResponse> responseStream, ServerCallContext context) =>
        _streams.RunAsync(context, responseStream, _x509.BundlesAsync);
}
