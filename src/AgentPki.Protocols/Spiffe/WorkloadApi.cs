using AgentPki.Protocols.Spiffe.Wire;
using Grpc.Core;

namespace AgentPki.Protocols.Spiffe;

/// <summary>The methods of the SPIFFE Workload API; who asks is found out in <see cref="WorkloadCalls"/>.</summary>
public sealed class WorkloadApi : SpiffeWorkloadAPI.SpiffeWorkloadAPIBase
{
    private readonly WorkloadStream _streams;
    private readonly X509Messages _x509;
    private readonly JwtMessages _jwt;
    private readonly WorkloadCalls _calls;

    public WorkloadApi(SpiffeServices services)
    {
        _calls = new WorkloadCalls(services);
        _streams = new WorkloadStream(services, _calls);
        _x509 = new X509Messages(services);
        _jwt = new JwtMessages(services, _calls);
    }

    public override Task FetchX509SVID(X509SVIDRequest request, IServerStreamWriter<X509SVIDResponse> responseStream, ServerCallContext context) =>
        _streams.RunAsync(context, responseStream, _x509.SvidsAsync);

    public override Task FetchX509Bundles(X509BundlesRequest request, IServerStreamWriter<X509BundlesResponse> responseStream, ServerCallContext context) =>
        _streams.RunAsync(context, responseStream, _x509.BundlesAsync);

    public override Task<JWTSVIDResponse> FetchJWTSVID(JWTSVIDRequest request, ServerCallContext context) =>
        _calls.RunAsync(context, (peer, cancellationToken) => _jwt.IssueAsync(request, peer, cancellationToken));

    public override Task FetchJWTBundles(JWTBundlesRequest request, IServerStreamWriter<JWTBundlesResponse> responseStream, ServerCallContext context) =>
        _streams.RunAsync(context, responseStream, _jwt.BundlesAsync);

    public override Task<ValidateJWTSVIDResponse> ValidateJWTSVID(ValidateJWTSVIDRequest request, ServerCallContext context) =>
        _calls.RunAsync(context, (peer, cancellationToken) => _jwt.ValidateAsync(request, peer, cancellationToken));
}
